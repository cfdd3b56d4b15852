"""Why a processing request cannot run here: its program, its inputs and its outputs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from sagemaker_local.definition.expressions import function_of
from sagemaker_local.jobs.container_images import its_name, own_program
from sagemaker_local.jobs.refusals import source_refusals

CONTAINER_ROOT = "/opt/ml/processing/"
# Programs that start a job; any other entrypoint lives in a container image only.
_SHELL = re.compile(r"(/[\w./-]*/)?(ba)?sh")
# Words of Python and of shells: text of a program or a module's name follows, or a value does.
_TEXT_FOLLOWS = re.compile(r"-m.*|-[a-z]*c.*|-")
_WITH_VALUE = re.compile(r"-W|-X|[-+][a-z]*o")
_QUERIES = {
    "AthenaDatasetDefinition": "Athena",
    "RedshiftDatasetDefinition": "Redshift",
}
_PYTHON = re.compile(r"(/[\w./-]*/)?python[\d.]*")


def refusals(request: dict[str, Any]) -> Iterator[str]:
    """Why a request cannot run here."""
    given = request.get("ProcessingInputs") or []
    inputs = given if isinstance(given, list) else [given]
    if "AppSpecification" in request:
        yield from _program_refusals(request, inputs)
    for item in inputs:
        if not function_of(item):  # one that is not of its type is refused already
            yield from _input_refusals(item)
    for item in request.get("ProcessingOutputConfig", {}).get("Outputs") or []:
        yield from _output_refusals(item)


def _program_refusals(request: dict[str, Any], inputs: list[dict[str, Any]]) -> Iterator[str]:
    specification = request["AppSpecification"]
    entrypoint = specification.get("ContainerEntrypoint")
    image = its_name(specification.get("ImageUri"))
    if not entrypoint:
        program = own_program(specification.get("ImageUri"))
        yield (
            f"AppSpecification has no ContainerEntrypoint, and {program} needs Docker; give it one "
            "with a script, as ScriptProcessor does"
        )
    elif isinstance(entrypoint[0], str) and _in_an_input(entrypoint[0], inputs):
        yield (
            f"the entrypoint {entrypoint[0]!r} comes from S3, and is no program there: S3 keeps no "
            "right to execute a file; put python3 or bash before it"
        )
    elif isinstance(entrypoint[0], str) and not _starts_here(entrypoint[0]):
        yield (
            f"the entrypoint {entrypoint[0]!r} is a program of its container image{image}, "
            "which needs Docker; give python3 and a script"
        )
    else:
        words = [*entrypoint, *specification.get("ContainerArguments", [])]
        yield from _script_refusals(script_of(words), image, inputs)
        if "PYTHONPATH" not in (request.get("Environment") or {}):
            yield from _module_refusals(words, image)


def _module_refusals(words: Sequence[Any], image: str) -> Iterator[str]:
    """A module that ``python -m`` runs, and that nobody installed here, is the image's."""
    module = _module_in(words)
    if module.isidentifier() and is_python(str(words[0])) and find_spec(module) is None:
        yield (
            f"the module {module!r} is not installed here, but in its container image{image}, "
            f"which needs Docker; install it, or give a script as an input, below {CONTAINER_ROOT}"
        )


def _module_in(words: Sequence[Any]) -> str:
    """The package of the module that Python is told to run; empty: none is."""
    for word, after in pairwise([*words[1:], ""]):
        if word == "-m":
            return str(after).partition(".")[0]
        if word == "-c" or not str(word).startswith("-"):
            break
    return ""


def script_of(words: Sequence[Any]) -> str:
    """The script that an interpreter is told to run; empty: it is told otherwise, or not known."""
    rest = iter(words[1:])
    for word in rest:
        if not isinstance(word, str) or _TEXT_FOLLOWS.fullmatch(word):
            return ""
        if _WITH_VALUE.fullmatch(word):
            next(rest, None)
        elif not word.startswith(("-", "+")):
            return word
    return ""


def _script_refusals(script: str, image: str, inputs: list[dict[str, Any]]) -> Iterator[str]:
    """A script that no input brings is in the container's image, and so not here."""
    if not script or _may_be_in(script, inputs):
        return
    if script.startswith(CONTAINER_ROOT):
        yield f"no input brings the entrypoint's {script!r}; give one with the script at that place"
    else:
        yield (
            f"the entrypoint's {script!r} is in its container image{image}, which needs "
            f"Docker; give the script as an input, below {CONTAINER_ROOT}"
        )


def _may_be_in(script: str, inputs: list[dict[str, Any]]) -> bool:
    """Does a script lie in an input's folder, or may it, as one has a folder not known yet?"""
    known = all(isinstance(_folder(item), str) for item in inputs)
    return not known or _in_an_input(posixpath.normpath(script), inputs)


def _in_an_input(path: str, inputs: list[dict[str, Any]]) -> bool:
    """Does a file lie in the folder of an input?"""
    folders = [folder for folder in map(_folder, inputs) if isinstance(folder, str)]
    return any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _folder(item: dict[str, Any]) -> Any:
    return item.get("S3Input", {}).get("LocalPath")


def _starts_here(program: str) -> bool:
    return _SHELL.fullmatch(program) is not None or is_python(program)


def is_python(program: str) -> bool:
    """A container's Python, of whichever version, is this one here."""
    return _PYTHON.fullmatch(program) is not None


def _input_refusals(item: dict[str, Any]) -> Iterator[str]:
    where = f"input {item.get('InputName')!r}"
    source = item.get("S3Input")
    if source is None:
        yield f"{where}: only S3 inputs are read locally{_query(item.get('DatasetDefinition'))}"
        return
    yield from _place_refusals(where, source)
    yield from source_refusals(where, source.get("S3InputMode"), source.get("S3DataType"))
    if source.get("S3CompressionType", "None") != "None":
        yield f"{where}: compressed inputs are not unpacked locally"


def _query(dataset: Any) -> str:
    """The end of a sentence about an input that a query makes."""
    for member, service in _QUERIES.items():
        if isinstance(dataset, dict) and member in dataset:
            return f", and no query of {service} is run; give an S3Input with its result"
    return ""


def _output_refusals(item: dict[str, Any]) -> Iterator[str]:
    where = f"output {item.get('OutputName')!r}"
    if "S3Output" in item:
        yield from _place_refusals(where, item["S3Output"])
    elif "FeatureStoreOutput" in item:
        yield f"{where}: only S3 outputs are written locally, and no feature group; give S3Output"
    else:
        yield f"{where}: only S3 outputs are written locally"


def _place_refusals(where: str, item: dict[str, Any]) -> Iterator[str]:
    path = item.get("LocalPath")
    if not path or "S3Uri" not in item:
        yield f"{where}: it needs a LocalPath and an S3Uri"
    elif isinstance(path, str) and (not path.startswith(CONTAINER_ROOT) or ".." in path.split("/")):
        yield f"{where}: LocalPath {path!r} is not below {CONTAINER_ROOT}"
