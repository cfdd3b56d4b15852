"""Why each step of an execution ran, or did not: a line a step."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_local.cache.records import SignatureRecords
from sagemaker_local.definition.document import Definition
from sagemaker_local.executions.records import ExecutionRecords, StoredExecution
from sagemaker_local.names import last_part
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document, Store


@dataclass(frozen=True)
class StepExplanation:
    """One step: ``hit`` (reused), ``miss`` (had to run), or ``run`` (nothing was looked up)."""

    step: str
    verdict: str
    why: str

    def __str__(self) -> str:
        return f"{self.step}: {self.verdict}, {self.why}"


@dataclass(frozen=True)
class Explanation:
    """All steps of an execution, in the order in which they started."""

    steps: tuple[StepExplanation, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def __getitem__(self, step: str) -> StepExplanation:
        for found in self.steps:
            if found.step == step:
                return found
        raise KeyError(step)


def explain(store: Store, execution: StoredExecution, definition: Definition) -> Explanation:
    """What the cache said about each step that has started."""
    found = SignatureRecords(store).of_execution(execution.arn)
    signatures = {signature.step: signature.document for signature in found}
    return Explanation(
        tuple(
            _explain_step(step, definition, signatures.get(step["StepName"]))
            for step in ExecutionRecords(store).steps(execution.arn)
        )
    )


def _explain_step(
    step: Document, definition: Definition, signature: Document | None
) -> StepExplanation:
    name = step["StepName"]
    if "SelectiveExecutionResult" in step:
        source = step["SelectiveExecutionResult"].get("SourcePipelineExecutionArn", "")
        return StepExplanation(
            name, "hit", f"not selected, taken from execution {last_part(source)}"
        )
    if signature is None:
        return StepExplanation(name, "run", _never_looked_up(step, definition))
    if signature["Source"]:
        return StepExplanation(
            name, "hit", f"nothing changed since execution {last_part(signature['Source'])}"
        )
    return StepExplanation(name, "miss", "; ".join(signature["Why"]))


def _never_looked_up(listed: Document, definition: Definition) -> str:
    step = definition.steps[listed["StepName"]]
    step_type = STEP_TYPES.get(step.type)
    if step_type is None or not step_type.cached:
        return f"a {step.type} step always runs"
    if step.cache is None:
        return "its CacheConfig is off"
    return "it runs still" if listed["StepStatus"] == "Executing" else "it did not succeed"
