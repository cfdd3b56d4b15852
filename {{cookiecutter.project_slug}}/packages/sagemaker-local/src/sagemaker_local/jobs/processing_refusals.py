"""Why a processing request cannot run here: its program, its inputs and its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sagemaker_local.jobs.container_images import own_program
from sagemaker_local.jobs.refusals import source_refusals

CONTAINER_ROOT = "/opt/ml/processing/"
# Programs that start a job; any other entrypoint lives in a container image only.
_SHELLS = ("bash", "sh", "/bin/bash", "/bin/sh")
_PYTHON = re.compile(r"(/usr/bin/|/usr/local/bin/|/opt/conda/bin/)?python[\d.]*")


def refusals(request: dict[str, Any]) -> Iterator[str]:
    """Why a request cannot run here."""
    specification = request.get("AppSpecification", {})
    entrypoint = specification.get("ContainerEntrypoint")
    program = own_program(specification.get("ImageUri"))
    if not entrypoint:
        yield (
            f"AppSpecification has no ContainerEntrypoint, and {program} needs Docker; give it one "
            "with a script, as ScriptProcessor does"
        )
    elif isinstance(entrypoint[0], str) and _in_an_input(entrypoint[0], request):
        yield (
            f"the entrypoint {entrypoint[0]!r} comes from S3, and is no program there: S3 keeps no "
            "right to execute a file; put python3 or bash before it"
        )
    elif isinstance(entrypoint[0], str) and not _starts_here(entrypoint[0]):
        yield (
            f"the entrypoint {entrypoint[0]!r} is a program of its container image ({program}), "
            "which needs Docker; give python3 and a script"
        )
    elif (script := script_of(entrypoint)) and not script.startswith(CONTAINER_ROOT):
        yield (
            f"the entrypoint's {script!r} is in its container image ({program}), which needs "
            f"Docker; give the script as an input, below {CONTAINER_ROOT}"
        )
    for item in request.get("ProcessingInputs") or []:
        yield from _input_refusals(item)
    for item in request.get("ProcessingOutputConfig", {}).get("Outputs") or []:
        where = f"output {item.get('OutputName')!r}"
        if "S3Output" not in item:
            yield f"{where}: only S3 outputs are written locally"
        else:
            yield from _place_refusals(where, item["S3Output"])


def _in_an_input(path: str, request: dict[str, Any]) -> bool:
    """Does a file lie in the folder of an input?"""
    items = request.get("ProcessingInputs")
    for item in items if isinstance(items, list) else ():
        place = item.get("S3Input", {}).get("LocalPath")
        if isinstance(place, str) and path.startswith(f"{place.rstrip('/')}/"):
            return True
    return False


def script_of(entrypoint: list[Any]) -> str:
    """The path of the script that an interpreter is told to run; empty: it is told otherwise."""
    words = entrypoint[1:]
    if any(isinstance(word, str) and word in ("-c", "-m") for word in words):
        return ""
    texts = [word for word in words if isinstance(word, str)]
    return next((word for word in texts if word.startswith("/")), "")


def _starts_here(program: str) -> bool:
    return program in _SHELLS or is_python(program)


def is_python(program: str) -> bool:
    """A container's Python, of whichever version, is this one here."""
    return _PYTHON.fullmatch(program) is not None


def _input_refusals(item: dict[str, Any]) -> Iterator[str]:
    where = f"input {item.get('InputName')!r}"
    source = item.get("S3Input")
    if source is None:
        yield f"{where}: only S3 inputs are read locally"
        return
    yield from _place_refusals(where, source)
    yield from source_refusals(where, source.get("S3InputMode"), source.get("S3DataType"))
    if source.get("S3CompressionType", "None") != "None":
        yield f"{where}: compressed inputs are not unpacked locally"


def _place_refusals(where: str, item: dict[str, Any]) -> Iterator[str]:
    path = item.get("LocalPath")
    if not path or "S3Uri" not in item:
        yield f"{where}: it needs a LocalPath and an S3Uri"
    elif isinstance(path, str) and (not path.startswith(CONTAINER_ROOT) or ".." in path.split("/")):
        yield f"{where}: LocalPath {path!r} is not below {CONTAINER_ROOT}"
