"""What a definition asks for and a local session accepts without effect, in one notice."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import function_of
from sagemaker_local.definition.support import Support
from sagemaker_local.planning import skew
from sagemaker_local.planning.settings import SETTINGS
from sagemaker_local.steps.step_types import STEP_TYPES


class _Beside(logging.Handler):
    """Beside the results: a program's errors, but a notebook's output, which is not painted red."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stdout if _in_notebook() else sys.stderr)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


# A public name: people silence the notices by it.
logger = logging.getLogger("sagemaker_local.notices")
if not logger.handlers:
    logger.addHandler(_Beside())
    logger.setLevel(logging.INFO)
    logger.propagate = False

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
    if step.cache and step_type.support("CacheConfig") is Support.IGNORED:
        yield "CacheConfig"


def sentences(definition: Definition, given: Iterable[str] = ()) -> list[str]:
    """The notice: settings without effect, and images that this environment stands for.

    Args:
        definition: the pipeline's.
        given: names of further settings without effect, those of a start.
    """
    settings = ", ".join([*ignored(definition), *given])
    found = [f"local session: without effect on this machine: {settings}"] if settings else []
    differing: dict[str, list[str]] = {}
    for row in skew.report(definition).rows:
        if not row.same:
            named = f"{row.library} {row.here or 'absent'} (there {row.there})"
            differing.setdefault(row.image, []).append(named)
    for image, libraries in differing.items():
        found.append(f"local session: versions other than in {image}: {', '.join(libraries)}")
    return found


def announce(definition: Definition, request: Iterable[str] = ()) -> None:
    """Say the notice, once in this process.

    ``logging.getLogger("sagemaker_local.notices").disabled = True`` silences it.

    Args:
        definition: the pipeline's.
        request: names of what its start gives.
    """
    given = sorted(name for name in request if SETTINGS.get(name) is Support.IGNORED)
    for sentence in sentences(definition, given):
        if sentence not in _said:
            _said.add(sentence)
            logger.info(sentence)
