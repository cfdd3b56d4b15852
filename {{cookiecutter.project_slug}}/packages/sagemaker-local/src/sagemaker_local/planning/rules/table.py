"""The table of rules, and what of a definition, or of a request, breaks them."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.errors import Refusal
from sagemaker_local.planning.known import Known
from sagemaker_local.planning.rules import (
    algorithm,
    containers,
    elsewhere,
    endpoints,
    hosts,
    models,
    pipelines,
    tags,
    training,
    tuning,
)
from sagemaker_local.planning.rules.rule import (
    Arguments,
    Doubt,
    Outcome,
    PipelineRule,
    RequestRule,
    Rule,
    at_step,
)

RULES: tuple[Rule, ...] = (
    *pipelines.RULES,
    *containers.RULES,
    *training.RULES,
    *hosts.RULES,
    *tuning.RULES,
    *algorithm.RULES,
    *models.RULES,
    *endpoints.RULES,
    *tags.RULES,
    *elsewhere.RULES,
)
# A Tuning step's training jobs are asked what a Training step's is.
_TRAINING, _JOBS = "Training", "TrainingJobDefinition"


def broken_in(known: Known) -> list[Refusal]:
    """What of a definition as a whole breaks a rule."""
    rules = _of_pipelines(Outcome.REFUSED)
    return [refusal for rule in rules for refusal in rule.check(known.definition)]


def broken_by(step_type: str, arguments: Arguments) -> list[str]:
    """What in a request to the service, or a step's arguments, breaks a rule."""
    return [what for found in each_broken_by(step_type, arguments) for what in found]


def each_broken_by(
    step_type: str, arguments: Arguments, starts: bool = True
) -> list[Iterator[str]]:
    """What breaks each rule, by itself; see ``broken_by``.

    Args:
        step_type: the step's.
        arguments: the request.
        starts: False: a pipeline is only kept.
    """
    rules = _of_requests(Outcome.REFUSED) + (_of_requests(Outcome.AT_START) if starts else [])
    return [_broken(rule, step_type, arguments) for rule in rules]


def doubts(known: Known) -> list[Doubt]:
    """What runs here, and the service may refuse; nothing is refused here."""
    found: list[Doubt] = [
        Doubt(rule, tuple(rule.check(known.definition))) for rule in _of_pipelines(Outcome.NOTICED)
    ]
    steps = known.definition.steps.values()
    arguments = {step.name: known.arguments(step.arguments) for step in steps}
    for rule in _of_requests(Outcome.NOTICED):
        places = [
            Refusal(at_step(step.name), what)
            for step in steps
            for what in _broken(rule, step.type, arguments[step.name])
        ]
        found.append(Doubt(rule, tuple(places)))
    return [doubt for doubt in found if doubt.places]


def doubts_by(step_type: str, arguments: Arguments) -> list[Doubt]:
    """What of a single request runs here, and the service may refuse."""
    found = []
    for rule in _of_requests(Outcome.NOTICED):
        places = tuple(Refusal("", what) for what in _broken(rule, step_type, arguments))
        found += [Doubt(rule, places)] if places else []
    return found


def _of_pipelines(outcome: Outcome) -> list[PipelineRule]:
    return [rule for rule in RULES if isinstance(rule, PipelineRule) and rule.outcome is outcome]


def _of_requests(outcome: Outcome) -> list[RequestRule]:
    return [rule for rule in RULES if isinstance(rule, RequestRule) and rule.outcome is outcome]


def _broken(rule: RequestRule, step_type: str, arguments: Arguments) -> Iterator[str]:
    if step_type in rule.steps:
        yield from rule.check(arguments)
    elif step_type == "Tuning" and _TRAINING in rule.steps:
        for what in rule.check(arguments.get(_JOBS, {})):
            yield f"{_JOBS}.{what}"
