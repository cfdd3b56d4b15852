"""Run by every Python that a host of a job starts: its path begins with this folder.

The hosts' names become known, and the module of this name that would have run runs as well.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def _make_hosts_known() -> None:
    file = _FOLDER.with_name("hostnames.py")
    spec = importlib.util.spec_from_file_location("sagemaker_hostnames", file)
    assert spec is not None and spec.loader is not None, "a file of Python has both"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_known()


def _run_the_next() -> None:
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != _FOLDER]
    own = sys.modules.pop("sitecustomize")
    if importlib.util.find_spec("sitecustomize") is None:
        sys.modules["sitecustomize"] = own
    else:
        importlib.import_module("sitecustomize")


_make_hosts_known()
_run_the_next()
