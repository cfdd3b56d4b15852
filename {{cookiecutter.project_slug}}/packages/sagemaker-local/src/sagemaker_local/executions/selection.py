"""Selective execution: some steps run, what they need of others comes from an earlier execution.

Developer Guide, "Selective execution of pipeline steps". Steps that are not selected and that no
selected step needs are absent; those that are needed are listed with the execution that they are
taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sagemaker_local.definition.document import Definition
from sagemaker_local.definition.graph import dependencies
from sagemaker_local.errors import DefinitionError, LocalError, Refusal
from sagemaker_local.executions.liveness import LiveExecutions
from sagemaker_local.executions.records import StoredExecution
from sagemaker_local.steps.step_type import StepResult
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document, members_of, now


@dataclass(frozen=True)
class Selection:
    """What a selective execution takes over, and what it leaves out.

    Attributes:
        finished: results of an earlier execution, by step.
        left_out: steps that are neither selected nor needed.
    """

    finished: dict[str, StepResult]
    left_out: frozenset[str]


@dataclass(frozen=True)
class Selector:
    """Finds what an execution takes over from an earlier one.

    Attributes:
        live: the executions.
    """

    live: LiveExecutions

    def selection(self, definition: Definition, stored: StoredExecution) -> Selection:
        """What a SelectiveExecutionConfig takes over; nothing without one.

        Raises:
            DefinitionError: with every reason why it cannot.
            NotFoundError: there is no such source execution.
            LocalError: there is nothing to take over from, or only from another pipeline.
        """
        config = stored.document.get("SelectiveExecutionConfig")
        if not config:
            return Selection({}, frozenset())
        source = config.get("SourcePipelineExecutionArn") or self._latest(stored)
        if source is not None:
            # The service says which execution it took, where the request left that open.
            config["SourcePipelineExecutionArn"] = source
            if self.live.get(source).pipeline != stored.pipeline:
                raise LocalError(
                    f"SourcePipelineExecutionArn {source} is an execution of another pipeline than "
                    f"{stored.pipeline!r}; name one of the same."
                )
        selected = [item["StepName"] for item in config["SelectedSteps"]]

        def result_of(name: str) -> StepResult | None:
            if source is None:
                raise LocalError(
                    "SelectiveExecutionConfig needs an earlier execution of this pipeline, and "
                    "there is none; run it as a whole first."
                )
            step = self.live.records.step(source, name)
            return self.result(definition, step) if step else None

        return select(definition, selected, result_of)

    def _latest(self, stored: StoredExecution) -> str | None:
        """The newest other execution of a pipeline."""
        earlier = (execution.arn for execution in self.live.of_pipeline(stored.pipeline))
        return next((arn for arn in earlier if arn != stored.arn), None)

    def result(self, definition: Definition, listed: Document) -> StepResult | None:
        """The result of a step that succeeded earlier; None if it is not there, or not of use."""
        result = self.live.results.of(listed)
        step = definition.steps.get(listed["StepName"])
        if result is None or step is None:
            return result
        return STEP_TYPES[step.type].taken_over(step, result)

    def list_taken_over(self, stored: StoredExecution, selection: Selection) -> None:
        """List the steps that come from another execution, as the service does."""
        config = stored.document.get("SelectiveExecutionConfig", {})
        for name, result in selection.finished.items():
            time_taken = now()
            document = {
                "StepName": name,
                "StartTime": time_taken,
                "EndTime": time_taken,
                "StepStatus": "Succeeded",
                "Metadata": result.metadata,
                "SelectiveExecutionResult": members_of(config, ("SourcePipelineExecutionArn",)),
            }
            self.live.records.put_step(stored.arn, name, document)


def select(
    definition: Definition,
    selected: Iterable[str],
    result_of: Callable[[str], StepResult | None],
) -> Selection:
    """Decide what becomes of each step.

    Args:
        definition: the pipeline's.
        selected: names of the steps that shall run.
        result_of: a step's result in the earlier execution, None if it has none.

    Raises:
        DefinitionError: every reason why this cannot be done.
    """
    chosen = set(selected)
    unknown = sorted(chosen - set(definition.steps))
    if unknown:
        raise DefinitionError(
            [
                Refusal(f"selected step {name!r}", "is not a step of this pipeline")
                for name in unknown
            ]
        )
    needs = {name: dependencies(step) for name, step in definition.steps.items()}
    above = _reachable(chosen, needs)
    between = sorted((above & _reachable(chosen, _reverse(needs))) - chosen)
    refusals = [
        Refusal(f"step {name!r}", "lies between selected steps, so it has to be selected too")
        for name in between
    ]
    finished = {}
    for name in sorted(above - chosen - set(between)):
        result = result_of(name)
        if result is None:
            refusals.append(Refusal(f"step {name!r}", "has no result in the source execution"))
        else:
            finished[name] = result
    refusals += _branches_not_taken(definition, chosen, finished)
    if refusals:
        raise DefinitionError(refusals)
    return Selection(finished, frozenset(set(definition.steps) - chosen - set(finished)))


def _branches_not_taken(
    definition: Definition, chosen: set[str], finished: Mapping[str, StepResult]
) -> list[Refusal]:
    """Selected steps whose condition went the other way in the earlier execution."""
    refusals = []
    for name in sorted(chosen):
        branch = definition.steps[name].branch
        result = finished.get(branch.condition) if branch else None
        if branch and result and result.outcome is not branch.outcome:
            what = (
                f"is in the branch of {branch.condition!r} that the source execution did not take"
            )
            refusals.append(Refusal(f"selected step {name!r}", what))
    return refusals


def _reachable(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    """All names that one gets to from ``start``, itself left out unless on a way."""
    found: set[str] = set()
    pending = [target for name in start for target in edges[name]]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(edges[name])
    return found


def _reverse(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    reverse: dict[str, set[str]] = {name: set() for name in edges}
    for name, targets in edges.items():
        for target in targets:
            reverse[target].add(name)
    return reverse
