"""Training jobs of one script, and what came of them."""

from __future__ import annotations

import json
import tarfile
from typing import Any

from engine.definitions import definition, training
from engine.local import Local, Run

SAVE = """
import os
from pathlib import Path
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("model")
"""
SHOW = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}))
"""


def ran(local: Local, script: str, *, entry: str = "script.py", **options: Any) -> Run:
    channels = {**local.channels(script, entry), **options.pop("data", {})}
    return local.run(definition(training("Train", channels, **options)))


def shown(local: Local, run: Run) -> dict[str, Any]:
    assert run.status == "Succeeded", run.steps
    found: dict[str, Any] = json.loads(local.log(run, "Train"))
    return found


def members(local: Local, uri: str) -> dict[str, str]:
    with tarfile.open(local.bucket.existing(uri)) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar)
        return {name: file.read().decode() for name, file in files if file}


def submitted(local: Local, script: str, *, quoted: bool = False, **options: Any) -> Run:
    """Run a script that hyperparameters name, as SDK v2 (in quotes) and the tuner of v3 do."""
    files = options.pop("files", {})
    names = local.submitted(script, options.pop("program", "script.py"), **files)
    if quoted:
        names = {key: json.dumps(value) for key, value in names.items()}
    hyperparameters = {**names, **options.pop("hyperparameters", {})}
    data = options.pop("data", {"train": local.put("1", "data/train.csv")})
    return local.run(
        definition(training("Train", data, hyperparameters=hyperparameters, **options))
    )
