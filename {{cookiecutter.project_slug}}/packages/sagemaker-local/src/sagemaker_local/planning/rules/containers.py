"""Rules about processing jobs: the words of the command, and the folders of inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

from sagemaker_local.planning.rules.rule import (
    GUIDE,
    SDK,
    Arguments,
    Outcome,
    RequestRule,
    repeated,
)

_PROCESSING = ("Processing",)


def _empty_words(arguments: Arguments) -> Iterator[str]:
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        for index, word in enumerate(arguments["AppSpecification"].get(member) or ()):
            if word == "":
                yield (
                    f"AppSpecification.{member}[{index}] is empty, and the service refuses an "
                    "empty word; leave out what is not given"
                )


def _inputs(arguments: Arguments) -> list[tuple[str, str]]:
    """Name and folder of each input; folders that are not known yet are left out."""
    return _placed(_input_items(arguments), "InputName", "S3Input")


def _outputs(arguments: Arguments) -> list[tuple[str, str]]:
    return _placed(_output_items(arguments), "OutputName", "S3Output")


def _placed(items: Any, name: str, place: str) -> list[tuple[str, str]]:
    paths = [(item[name], item.get(place, {}).get("LocalPath")) for item in items]
    return [(name, path.rstrip("/")) for name, path in paths if isinstance(path, str)]


def _shared_by_inputs(arguments: Arguments) -> Iterator[str]:
    inputs = _inputs(arguments)
    for path, _ in repeated(path for _, path in inputs):
        names = ", ".join(repr(name) for name, place in inputs if place == path)
        yield f"ProcessingInputs: {names} have the LocalPath {path}; give each one of its own"


def _shared_by_input_and_output(arguments: Arguments) -> Iterator[str]:
    for name, path in _inputs(arguments):
        for output, place in _outputs(arguments):
            if path == place:
                yield (
                    f"ProcessingInputs: {name!r} and the output {output!r} have the LocalPath "
                    f"{path}; give each one of its own"
                )


def _named_twice(arguments: Arguments) -> Iterator[str]:
    names = [item["InputName"] for item in _input_items(arguments)]
    names += [item["OutputName"] for item in _output_items(arguments)]
    for name, count in repeated(names):
        yield (
            f"ProcessingInputs, ProcessingOutputConfig.Outputs: {count} of them have the name "
            f"{name!r}; give each input and output one of its own"
        )


def _input_items(arguments: Arguments) -> list[Any]:
    return arguments.get("ProcessingInputs") or []


def _output_items(arguments: Arguments) -> list[Any]:
    return arguments.get("ProcessingOutputConfig", {}).get("Outputs") or []


def _inside_another(arguments: Arguments) -> Iterator[str]:
    for (outer, folder), (inner, path) in permutations(_outputs(arguments), 2):
        if path.startswith(f"{folder}/"):
            yield (
                f"ProcessingOutputConfig.Outputs: {inner!r} lies in the folder of {outer!r}, and "
                "each is a mount of its own there"
            )


RULES = (
    RequestRule(
        "No word of ContainerEntrypoint or ContainerArguments is empty",
        f"{SDK}#3758",
        _PROCESSING,
        _empty_words,
    ),
    RequestRule(
        "Each input has a LocalPath of its own; the service's error has no text",
        f"{SDK}#4939 (AWS support); its test_caching_behavior keeps such a pipeline",
        _PROCESSING,
        _shared_by_inputs,
        Outcome.AT_START,
    ),
    RequestRule(
        "An input and an output have no LocalPath in common",
        f"{SDK}#1950",
        _PROCESSING,
        _shared_by_input_and_output,
    ),
    RequestRule(
        "Inputs and outputs have different names",
        f"{SDK}#3484, #3477 (at the step)",
        _PROCESSING,
        _named_twice,
        Outcome.AT_START,
    ),
    RequestRule(
        "No output lies in the folder of another",
        f'no refusal was seen; each is a mount ({GUIDE}, "Build your own processing container")',
        _PROCESSING,
        _inside_another,
        Outcome.NOTICED,
    ),
)
