"""What a definition asks for and a local session accepts without effect, in one notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.definition.support import Support
from sagemaker_local.jobs import algorithm
from sagemaker_local.notice import logger
from sagemaker_local.planning import skew
from sagemaker_local.planning.known import Known
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.rules.rule import Doubt
from sagemaker_local.planning.settings import SETTINGS
from sagemaker_local.planning.shards import few_objects
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.bucket import Bucket

_DOUBTED = "local session: runs here, and SageMaker may refuse it"
_WHOLE = "the pipeline as a whole"
# Said before in this process; a pipeline that is started often says it once.
_said: set[str] = set()


def ignored(definition: Definition) -> dict[str, list[str]]:
    """The settings without effect, and the steps that have them."""
    found: dict[str, list[str]] = {}
    for step in definition.steps.values():
        for setting in sorted(set(_ignored_in(step))):
            found.setdefault(setting, []).append(step.name)
    if _is_chosen(definition.experiment):
        found["PipelineExperimentConfig"] = [_WHOLE]
    if definition.mlflow:
        found["MlflowConfig"] = [_WHOLE]
    return dict(sorted(found.items()))


def _is_chosen(experiment: Any) -> bool:
    """Did somebody name an experiment? The SDK names it and the trial by the execution."""
    values = experiment.values() if isinstance(experiment, dict) else ()
    return any(
        function_of(value) != "Get" or not str(value["Get"]).startswith("Execution.")
        for value in values
    )


def _ignored_in(step: Step) -> Iterator[str]:
    step_type = STEP_TYPES.get(step.type)
    if step_type is None:
        return
    if step_type.settings is not None:
        yield from step_type.settings.ignored_in(step.arguments)
    given = [*step.members, *(["CacheConfig"] if step.cache else [])]
    yield from (name for name in given if step_type.support(name) is Support.IGNORED)


def sentences(
    definition: Definition,
    given: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
) -> list[str]:
    """The notice: settings without effect, images that this environment stands for, doubts.

    Args:
        definition: the pipeline's, which can run.
        given: names of further settings without effect, those of a start.
        values: of the parameters, as far as they are known.
    """
    found = without_effect([*ignored(definition), *given])
    differing: dict[str, list[str]] = {}
    for row in skew.report(definition).rows:
        if not row.same:
            named = f"{row.library} {row.here or 'absent'} (there {row.there})"
            differing.setdefault(row.image, []).append(named)
    for image, libraries in differing.items():
        found.append(f"local session: versions other than in {image}: {', '.join(libraries)}")
    for step in definition.steps.values():
        found += stood_in(step.type, step.arguments)
    return found + doubted(table.doubts(Known(definition, values or {})))


def stood_in(step_type: str, request: Mapping[str, Any]) -> list[str]:
    """A sentence for an algorithm that another one stands for here.

    Args:
        step_type: Training or Tuning; of others there is none.
        request: the step's arguments.
    """
    job = request.get("TrainingJobDefinition") if step_type == "Tuning" else request
    specification = job.get("AlgorithmSpecification") if isinstance(job, dict) else None
    if step_type not in ("Training", "Tuning") or not isinstance(specification, dict):
        return []
    found = algorithm.of(specification.get("TrainingImage"))
    return [f"local session: {found.notice}"] if found and found.notice else []


def without_effect(settings: Sequence[str]) -> list[str]:
    """A sentence for all settings that have none."""
    told = f"local session: without effect on this machine: {', '.join(settings)}"
    return [told] if settings else []


def few(places: Iterable[object]) -> list[str]:
    """A sentence for each input that not every host gets something of; see ``shards``."""
    return [f"local session: fewer objects than hosts: {place}" for place in places]


def doubted(doubts: Iterable[Doubt]) -> list[str]:
    """A sentence for each rule that the service may have, and that is broken."""
    return [f"{_DOUBTED}: {doubt}" for doubt in doubts]


def announce(
    definition: Definition,
    request: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
    bucket: Bucket | None = None,
) -> None:
    """Say the notice, once in this process.

    ``logging.getLogger("sagemaker_local.notices").disabled = True`` silences it.

    Args:
        definition: the pipeline's.
        request: names of what its start gives.
        values: of its parameters.
        bucket: where its inputs are.
    """
    given = sorted(name for name in request if SETTINGS.get(name) is Support.IGNORED)
    say(sentences(definition, given, values))
    if bucket is not None:
        say(few(few_objects(Known(definition, values or {}), bucket)))


def say(told: Iterable[str]) -> None:
    """Say sentences, each of them once in this process."""
    for sentence in told:
        if sentence not in _said:
            _said.add(sentence)
            logger.info(sentence)
