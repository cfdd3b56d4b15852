"""What is said to a person beside the results: notices, by a logger that they can silence."""

from __future__ import annotations

import logging
import sys


class _Beside(logging.Handler):
    """Beside the results: a program's errors, but a notebook's output, which is not painted red."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stdout if _in_notebook() else sys.stderr)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


# A public name: people silence the notices by it.
logger = logging.getLogger("sagemaker_local.notices")
if not logger.handlers:
    logger.addHandler(_Beside())
    logger.setLevel(logging.INFO)
    logger.propagate = False
