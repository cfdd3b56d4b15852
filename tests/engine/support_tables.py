"""The tables of support, as the step types say them, and the smallest step of each type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sagemaker_local.definition.support import Support
from sagemaker_local.processes.runner import Runner
from sagemaker_local.steps.step_type import EVERY_MEMBER
from sagemaker_local.steps.step_types import STEP_TYPES

from engine.definitions import (
    Json,
    callback,
    fail,
    function,
    integer,
    model,
    processing,
    register,
    step,
    training,
    transform,
    true,
    tuning,
    tuning_config,
)
from engine.local import Local
from engine.transforms import ECHO, created

WAYS = (Support.RUN, Support.IGNORED, Support.REFUSED)
ARGUMENTS = {
    name: step_type.settings.members if step_type.settings else {}
    for name, step_type in STEP_TYPES.items()
}
MEMBERS = list(
    dict.fromkeys([*EVERY_MEMBER, *(m for found in STEP_TYPES.values() for m in found.members)])
)
REQUEST_SHAPES = {name: found.request for name, found in STEP_TYPES.items() if found.request}


def types_with(member: str, support: Support) -> list[str]:
    # In the order of ARGUMENTS: a test that takes a type out puts it back as the last one.
    return [name for name in ARGUMENTS if STEP_TYPES[name].support(member) is support]


def simplest(kind: str, local: Local) -> Json:
    """The smallest step ``S`` of a type."""
    uri = local.put("m", "model.tar.gz")
    makers: dict[str, Any] = {
        "Processing": lambda: processing("S", local.code("pass")),
        "Training": lambda: training("S", local.channels("pass")),
        "Tuning": lambda: smallest_tuning(local),
        "Transform": lambda: smallest_transform(local),
        "Model": lambda: model("S", uri),
        "RegisterModel": lambda: register("S", "group", uri),
        "Condition": lambda: true("S"),
        "Fail": lambda: fail("S", "on purpose"),
        "Pass": lambda: step("S", "Pass", {}),
        "Lambda": lambda: function("S", "f", {"x": "String"}),
        "Callback": lambda: callback("S", "f", {"x": "String"}),
    }
    found: Json = makers[kind]()
    return found


def smallest_tuning(local: Local) -> Json:
    config = tuning_config(integer("n", 1, 3), jobs=1)
    return tuning("S", config, local.submitted("print('loss=1')"))


def smallest_transform(local: Local) -> Json:
    """A step that has a model answer with what it was asked."""
    data = local.put("1\n", "records/one.csv")
    name = created(local, "echo", ECHO)
    return transform("S", name, data, "s3://sagemaker-local/answers")


def knowing_a_function(root: Path, runner: Runner) -> Local:
    """An engine in which the Lambda function ``f`` answers with an ``x``."""
    return Local(root, runner, {"f": lambda event, context: {"x": "1"}})
