"""Rules about a pipeline as a whole: its size, its order, its Fail steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import Definition
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.errors import Refusal
from sagemaker_local.planning.rules.rule import (
    GUIDE,
    SDK,
    Arguments,
    Outcome,
    PipelineRule,
    RequestRule,
    at_step,
    repeated,
)

_MOST_STEPS = 50
_MOST_PARAMETERS = 200
_LONGEST_MESSAGE = 3072
_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def _nested(definition: Definition) -> Iterator[Refusal]:
    for step in definition.steps.values():
        if step.type == "Condition" and step.branch:
            what = f"a Condition step in a branch of another, {step.branch.condition!r}"
            yield Refusal(at_step(step.name), what)


def _after_condition(definition: Definition) -> Iterator[Refusal]:
    for step in definition.steps.values():
        for name in step.depends_on:
            if name in definition.steps and definition.steps[name].type == "Condition":
                yield Refusal(at_step(step.name), f"DependsOn names the Condition step {name!r}")


def _many_steps(definition: Definition) -> Iterator[Refusal]:
    count = len(definition.steps)
    if count > _MOST_STEPS:
        yield Refusal("", f"the pipeline has {count} steps, more than {_MOST_STEPS}")


def _many_parameters(definition: Definition) -> Iterator[Refusal]:
    count = len(definition.parameters)
    if count > _MOST_PARAMETERS:
        what = f"the pipeline has {count} parameters, and a start gives at most {_MOST_PARAMETERS}"
        yield Refusal("", what)


def _message_from_file(definition: Definition) -> Iterator[Refusal]:
    for step in definition.steps.values():
        if step.type == "Fail" and _reads_file(step.arguments):
            yield Refusal(at_step(step.name), "Std:JsonGet in the ErrorMessage of a Fail step")


def _reads_file(value: Any) -> bool:
    if function_of(value) == "Std:JsonGet":
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_reads_file(item) for item in items)


def _cached_for_ever(definition: Definition) -> Iterator[Refusal]:
    for step in definition.steps.values():
        if step.cache and step.cache.expire_after is None:
            yield Refusal(at_step(step.name), "CacheConfig is Enabled without ExpireAfter")


def _files_twice(definition: Definition) -> Iterator[Refusal]:
    for step in definition.steps.values():
        for name, count in repeated(file.name for file in step.property_files):
            what = f"PropertyFiles has the name {name!r} {count} times; the first one is read"
            yield Refusal(at_step(step.name), what)


def _regions(definition: Definition) -> Iterator[Refusal]:
    found = sorted({r for step in definition.steps.values() for r in _named(step.arguments)})
    if len(found) > 1:
        what = f"images of several regions, {', '.join(found)}; a job's image is of its own region"
        yield Refusal("", what)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _REGISTRY.findall(value)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _named(item)


def _long_message(arguments: Arguments) -> Iterator[str]:
    message = arguments.get("ErrorMessage")
    if isinstance(message, str) and len(message) > _LONGEST_MESSAGE:
        yield (
            f"ErrorMessage has {len(message)} characters, and the service takes at most "
            f"{_LONGEST_MESSAGE}: {message[:200]!r}"
        )


_STEPS_GUIDE = f'{GUIDE}, "Pipelines steps"'

RULES = (
    RequestRule(
        "A Fail step's message has at most 3072 characters",
        "API reference, FailStepMetadata",
        ("Fail",),
        _long_message,
    ),
    PipelineRule(
        "No Condition step stands in a branch of another",
        f"{_STEPS_GUIDE}, limitations; no refusal was seen",
        _nested,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "DependsOn names no Condition step",
        f"{SDK}#3565, of 2023; not seen since",
        _after_condition,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "At most 50 steps",
        f"sources differ: texts about SDK 3.3 say 50, tests of {SDK} run 2,000",
        _many_steps,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "At most 200 parameters, as many as a start gives",
        "API reference, StartPipelineExecution; of a definition no refusal was seen",
        _many_parameters,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "A Fail step's message is text, a parameter, Std:Join or a step's property",
        f"{_STEPS_GUIDE}, which does not name Std:JsonGet; public definitions have it",
        _message_from_file,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "CacheConfig that is Enabled has ExpireAfter",
        f'{GUIDE}, "Caching pipeline steps"; no refusal was seen',
        _cached_for_ever,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "A step's property files have different names",
        "no refusal was seen; they are looked up by name",
        _files_twice,
        Outcome.NOTICED,
    ),
    PipelineRule(
        "A job's image is of the job's region",
        "aws/amazon-sagemaker-examples#2422; a definition does not tell the region",
        _regions,
        Outcome.NOTICED,
    ),
)
