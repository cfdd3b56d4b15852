"""Everything that a definition asks for and this engine cannot do, found before the first step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sagemaker_local.definition import graph
from sagemaker_local.definition.document import MEMBERS, Definition, Step
from sagemaker_local.definition.expressions import (
    EXECUTION_VARIABLES,
    Reference,
    references,
)
from sagemaker_local.definition.shapes import text_refusals
from sagemaker_local.definition.support import Support
from sagemaker_local.errors import Refusal, did_you_mean, unknown_properties, unknown_property
from sagemaker_local.planning.functions import function_refusals
from sagemaker_local.planning.known import Known
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.rules.rule import at_step
from sagemaker_local.steps.step_type import StepType
from sagemaker_local.steps.step_types import NOT_RUN, STEP_TYPES
from sagemaker_local.storage.addresses import elsewhere

# Members of requests that are the address of an object, or of a prefix.
_ADDRESSES = ("S3Uri", "ModelDataUrl", "S3OutputPath")
_EXPERIMENT = "PipelineExperimentConfig"
_EXPERIMENT_MEMBERS = ("ExperimentName", "TrialName")
_NO_STEP = Step("", "", {})
_T = TypeVar("_T")


def check(
    definition: Definition,
    functions: Collection[str] | None = None,
    values: Mapping[str, Any] | None = None,
    accepted: bool = False,
    starts: bool = True,
) -> list[Refusal]:
    """Every reason why ``definition`` cannot run here; empty when it can.

    Args:
        definition: the pipeline's.
        functions: names or ARNs of the Lambda functions that a session knows; None: any may be.
        values: of parameters, as far as a start gives them; arguments are asked with these.
        accepted: it has run before, perhaps with an engine that knew fewer rules; it is not asked
            those again.
        starts: False: it is only kept, and not asked what the service asks when a step starts.
    """
    known = Known(definition, values or {})
    found: list[Refusal] = []
    for step in definition.steps.values():
        where = at_step(step.name)
        reasons = dict.fromkeys(_step_refusals(known, step, functions, accepted, starts))
        found += [Refusal(where, what) for what in reasons]
    found += [Refusal(_EXPERIMENT, what) for what in _experiment_refusals(known)]
    found += [] if accepted else table.broken_in(known)
    return found + list(_readable(graph.cycles(definition), bool(found)))


def in_order(definition: Definition, refusals: Iterable[Refusal]) -> list[Refusal]:
    """Refusals as a reader of the definition meets the steps; first those that are at none."""
    order = {at_step(name): number for number, name in enumerate(definition.steps, start=1)}
    return sorted(refusals, key=lambda refusal: order.get(refusal.where, 0))


def _step_refusals(
    known: Known, step: Step, functions: Collection[str] | None, accepted: bool, starts: bool
) -> Iterator[str]:
    definition = known.definition
    step_type = STEP_TYPES.get(step.type)
    if step_type is None:
        yield from _type_refusals(step.type)
        return
    yield from _argument_refusals(step, step_type)
    yield from _member_refusals(step, step_type)
    members = known.arguments(step.members)
    yield from step_type.member_refusals(replace(step, members=members), functions)
    yield from _order_refusals(definition, step)
    misfits = [
        *function_refusals(step.arguments, known),
        *function_refusals(step.members, known),
        *step_type.shape_refusals(step.arguments, known),
    ]
    yield from misfits
    arguments = known.arguments(step_type.sound(step.arguments))
    for refusals in (
        _references_refusals(definition, step),
        step_type.refusals(replace(step, arguments=arguments)),
        _address_refusals(arguments),
        step_type.refusals_among(step, definition),
        *([] if accepted else table.each_broken_by(step.type, arguments, starts)),
    ):
        yield from _readable(refusals, bool(misfits))


def _experiment_refusals(known: Known) -> Iterator[str]:
    """What is wrong with the names of an experiment and a trial; they are of no step."""
    definition = known.definition
    names = definition.experiment or {}
    yield from unknown_properties(names, _EXPERIMENT_MEMBERS)
    yield from function_refusals(names, known)
    for member, value in names.items():
        if value is not None:
            yield from text_refusals(member, value, known)
    for reference in references(names):
        if reference.root == "Parameters" or reference.name not in EXECUTION_VARIABLES:
            yield from _reference_refusals(definition, _NO_STEP, reference)


def _type_refusals(kind: str) -> Iterator[str]:
    """Why no step of a type runs; that it is missing is refused where it is read."""
    known = sorted([*STEP_TYPES, *NOT_RUN])
    what = did_you_mean(kind, known) or f"; there are {', '.join(known)}"
    if kind:
        yield f"type {kind}: {NOT_RUN.get(kind, f'this step type is not known{what}')}"


def _readable(refusals: Iterator[_T], malformed: bool) -> Iterator[_T]:
    """The refusals; of something malformed, as many as are found before it trips a check."""
    try:
        yield from refusals
    except (LookupError, TypeError, ValueError, AttributeError):
        if not malformed:
            raise


def _argument_refusals(step: Step, step_type: StepType) -> Iterator[str]:
    """Arguments that are not run here, that no request has, or that are members of the step."""
    if step_type.settings is None:
        return
    mine = step_type.settings.members
    beside = [name for name in step.arguments if name in MEMBERS and name not in mine]
    for name in beside:
        yield f"Cannot parse object, unknown property {name!r}; it stands beside Arguments"
    others = {name: value for name, value in step.arguments.items() if name not in beside}
    yield from step_type.settings.refusals(others, step_type.argument_names)


def _member_refusals(step: Step, step_type: StepType) -> Iterator[str]:
    """Members beside the arguments that mean nothing for a step of this type."""
    given = {
        "CacheConfig": step.cache,
        "PropertyFiles": step.property_files,
        "RetryPolicies": step.retries,
    }
    for member, value in given.items():
        if value and step_type.support(member) is Support.REFUSED:
            yield f"a {step.type} step has no {member}"
    for member in sorted(step.members):
        if step_type.support(member) is Support.REFUSED:
            yield unknown_property(member, {*MEMBERS, *step_type.members} - set(step.members))


def _order_refusals(definition: Definition, step: Step) -> Iterator[str]:
    for name in step.depends_on:
        if name not in definition.steps:
            hint = did_you_mean(name, definition.steps)
            yield f"DependsOn names {name!r}, which is not a step of this pipeline{hint}"
        elif _ends(definition.steps[name]):
            kind = definition.steps[name].type
            # The service's own words come last.
            yield (
                f"DependsOn names the {kind} step {name!r}; nothing can depend on a {kind} step: "
                f"{step.name} can not depends on {name}"
            )


def _ends(step: Step) -> bool:
    return step.type in STEP_TYPES and STEP_TYPES[step.type].ends_execution


def _address_refusals(value: Any, path: str = "") -> Iterator[str]:
    """Objects that are not in S3, at any depth."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _address_refusals(item, f"{path}[{index}]")
    for member, item in value.items() if isinstance(value, dict) else ():
        here = f"{path}.{member}" if path else member
        if isinstance(item, str) and member in _ADDRESSES and (told := elsewhere(item)):
            yield f"{here}: {told}"
        yield from _address_refusals(item, here)


def _references_refusals(definition: Definition, step: Step) -> Iterator[str]:
    for reference in references([step.arguments, step.members]):
        yield from _reference_refusals(definition, step, reference)


def _reference_refusals(definition: Definition, step: Step, reference: Reference) -> Iterator[str]:
    if reference.root == "Parameters":
        if reference.name not in definition.parameters:
            hint = did_you_mean(reference.name, definition.parameters)
            yield f"{reference.text} is not a parameter of this pipeline{hint}"
    elif reference.root == "Execution":
        if not _has_value(step, reference.name):
            yield f"{reference.text} {_no_value(reference.name)}"
    elif reference.name not in definition.steps:
        hint = did_you_mean(reference.name, definition.steps)
        yield f"{reference.text} refers to a step that this pipeline does not have{hint}"
    else:
        yield from _property_refusals(definition.steps[reference.name], reference)


def _has_value(step: Step, variable: str) -> bool:
    """Does an execution variable have a value in a step? A job's name does in its own only."""
    own = STEP_TYPES[step.type].name_variable if step.type else ""
    return variable in EXECUTION_VARIABLES and (not variable.endswith("JobName") or variable == own)


def _no_value(variable: str) -> str:
    if variable not in EXECUTION_VARIABLES:
        return f"is not an execution variable; there are {', '.join(EXECUTION_VARIABLES)}"
    kind = variable.removesuffix("JobName")
    return (
        f"is not an execution variable that has a value here, but in a {kind} step's own arguments "
        f"only; give Steps.<name>.{variable}, with the name of the {kind} step"
    )


def _property_refusals(step: Step, reference: Reference) -> Iterator[str]:
    if not reference.path:
        yield f"{reference.text} names no property of the step, such as {reference.text}.<property>"
    elif reference.path[:1] == ("PropertyFiles",):
        file = str(reference.path[-1])
        if step.property_file(file) is None:
            yield f"{reference.text}: step {step.name!r} declares no property file {file!r}"
    elif step.type in STEP_TYPES:
        yield from STEP_TYPES[step.type].property_refusals(step, reference)
