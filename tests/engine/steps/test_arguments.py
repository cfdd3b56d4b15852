"""Arguments that are ignored are accepted, named, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from sagemaker_local.definition.document import parse
from sagemaker_local.definition.support import Support
from sagemaker_local.planning.checks import check
from sagemaker_local.planning.notices import ignored
from sagemaker_local.processes.runner import Runner
from sagemaker_local.service_model import service_model, violations
from sagemaker_local.steps.step_types import NOT_RUN

from engine.definitions import ROLE, definition, step
from engine.local import Local
from engine.support_tables import ARGUMENTS, REQUEST_SHAPES, knowing_a_function, simplest

IGNORED_ARGUMENTS = [
    (kind, name)
    for kind, arguments in ARGUMENTS.items()
    for name, support in arguments.items()
    if support is Support.IGNORED
]
# Texts of which one fits whatever pattern a member has.
TEXTS = ("abc", "s3://b/k", "arn:aws:iam::000000000000:role/some-role", "arn:aws:kms:us-east-1:0")


@pytest.fixture
def local(tmp_path: Path, runner: Runner) -> Local:
    return knowing_a_function(tmp_path / "root", runner)


def example(shape: Shape) -> Any:
    """A small value of a shape; a structure with all its required members and one more."""
    if isinstance(shape, StructureShape):
        names = shape.required_members or list(shape.members)[:1]
        return {name: example(shape.members[name]) for name in names}
    if isinstance(shape, ListShape):
        return [example(shape.member)]
    if isinstance(shape, MapShape):
        return {"a": example(shape.value)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else next(_fitting(shape))
    return {"boolean": False, "timestamp": 0}.get(
        shape.type_name, max(1, shape.metadata.get("min", 1))
    )


def _fitting(shape: Shape) -> Iterator[str]:
    long_enough = [text.ljust(shape.metadata.get("min", 0), "a") for text in TEXTS]
    return (text for text in long_enough if not list(violations(text, shape)))


@pytest.mark.parametrize(("kind", "name"), IGNORED_ARGUMENTS)
def test_an_argument_that_is_ignored_is_accepted_and_named(
    kind: str, name: str, local: Local
) -> None:
    shape = service_model().shape_for(REQUEST_SHAPES[kind])
    assert isinstance(shape, StructureShape)
    item = simplest(kind, local)
    item["Arguments"][name] = example(shape.members[name])
    parsed = parse(definition(item))
    assert check(parsed) == []
    assert "S" in ignored(parsed)[name]


@pytest.mark.parametrize("kind", REQUEST_SHAPES)
def test_ignored_arguments_all_together_change_nothing(kind: str, local: Local) -> None:
    shape = service_model().shape_for(REQUEST_SHAPES[kind])
    assert isinstance(shape, StructureShape)
    item = simplest(kind, local)
    for name in (name for type_, name in IGNORED_ARGUMENTS if type_ == kind):
        item["Arguments"].setdefault(name, example(shape.members[name]))
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps


@pytest.mark.parametrize("kind", ["Processing", "Training", "Tuning"])
def test_a_step_that_names_no_role_has_the_pipelines(kind: str, local: Local) -> None:
    item = simplest(kind, local)
    request = item["Arguments"]
    del request.get("TrainingJobDefinition", request)["RoleArn"]
    job = local.run(definition(item)).job("S")
    assert job.get("TrainingJobDefinition", job)["RoleArn"] == ROLE


@pytest.mark.parametrize("kind", sorted(NOT_RUN))
def test_a_type_that_is_refused_says_why(kind: str, local: Local) -> None:
    with pytest.raises(Exception, match="cannot run, for 1 reason") as refused:
        local.run(definition(step("S", kind, {})))
    assert f"step 'S': type {kind}: {NOT_RUN[kind]}" in str(refused.value)
