"""The program of a transform job: told by a file what to do, it leaves a message if it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import workers
from .containers import Containers, Link
from .model_script import ModelScript, ScriptError, default_accept, say
from .options import Options, options_of
from .payloads import RecordError, Source
from .transformation import Transformation


def main(arguments: list[str]) -> int:
    """Transform files as ``arguments[0]``, a JSON file, says; gives the exit code.

    Its members: ``request``, the transform job; ``model``, ``code`` and ``program``, where the
    model's files and its script are, or ``containers``, of which each has its ``name`` and the file
    where its port is ``announced``; ``files``, a list of ``name``, ``path`` and ``output``;
    ``inference_time``, the time that records get with an id, empty if they get none; ``message``,
    the file for a sentence about a failure.
    """
    task = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        _transform(task)
    except (RecordError, ScriptError) as error:
        say(error)
        Path(task["message"]).write_text(str(error), encoding="utf-8")
        return 1
    return 0


def _transform(task: dict[str, Any]) -> None:
    # Containers are processes already; each takes one payload at a time.
    most = 1 if "containers" in task else workers.most()
    options = options_of(task["request"], default_accept(), task["inference_time"], most)
    sources = [Source(f["name"], Path(f["path"]), Path(f["output"])) for f in task["files"]]

    def make() -> Transformation:
        return Transformation(_model(task, options), options)

    if options.processes == 1:
        make().run(sources)
    else:
        workers.run(make, options, sources)


def _model(task: dict[str, Any], options: Options) -> ModelScript | Containers:
    types = options.content_type, options.accept
    if "containers" not in task:
        return ModelScript(Path(task["code"]), task["program"], Path(task["model"]), *types)
    found = [Link.announced(each["name"], Path(each["announced"])) for each in task["containers"]]
    return Containers(found, *types)
