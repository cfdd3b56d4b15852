"""What finished steps left behind: what ``Steps.<name>.<path>`` refers to, and their objects."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.jobs import KINDS, Jobs
from sagemaker_local.names import last_part
from sagemaker_local.registry.models import MODEL
from sagemaker_local.registry.packages import NoSuchPackage, Registry
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.store import Document, Store


@dataclass(frozen=True)
class StepResult:
    """A step that succeeded.

    Attributes:
        described: what ``Steps.<name>.<path>`` refers to.
        metadata: what the list of steps shows.
        outcome: a condition's; None for other steps.
    """

    described: Document
    metadata: Document
    outcome: bool | None = None


@dataclass(frozen=True)
class Results:
    """Finds the results of finished steps in the stored state, in this process or a later one."""

    store: Store
    jobs: Jobs
    registry: Registry

    def of(self, step: Document) -> StepResult | None:
        """The result of a step, as the list of steps shows it; None if it is not there."""
        if step["StepStatus"] != "Succeeded":
            return None
        return self.succeeded(step.get("Metadata", {}))

    def succeeded(self, metadata: Document) -> StepResult | None:
        """The result of a step with this metadata; None if what it made is gone or unfinished."""
        if not metadata:
            return None
        ((member, value),) = metadata.items()
        if member == "Condition":
            outcome = value["Outcome"] == "True"
            return StepResult({"Outcome": outcome}, metadata, outcome)
        if member == "Lambda":
            outputs = value.get("OutputParameters", [])
            answered = {"OutputParameters": {item["Name"]: item["Value"] for item in outputs}}
            return StepResult(answered, metadata)
        described = self._described(member, value.get("Arn", ""))
        return None if described is None else StepResult(described, metadata)

    def _described(self, member: str, arn: str) -> Document | None:
        if member == "Model":
            return self.store.resource(MODEL, last_part(arn))
        if member == "RegisterModel":
            try:
                return self.registry.package(arn)
            except NoSuchPackage:
                return None
        kind = next((kind for kind in KINDS.values() if kind.metadata == member), None)
        job = self.jobs.find(kind, last_part(arn)) if kind else None
        if kind is None or job is None or job[f"{kind.noun}Status"] != "Completed":
            return None
        return job | kind.properties(job, self.store)

    def written(self, result: StepResult, digests: Digests) -> dict[str, str]:
        """Digests of the objects that a step's job wrote, by URI; empty for other steps.

        They are those of the job's own files where it kept them: another execution may have
        written to the same URI meanwhile, and this one's result is then not what lies there.
        """
        ((member, value),) = result.metadata.items()
        kind = next((kind for kind in KINDS.values() if kind.metadata == member), None)
        if kind is None:
            return {}
        folder = JobFolder(self.jobs.folder / last_part(value["Arn"]))
        return {
            uri: digests.of_file(file or self.jobs.bucket.path(uri))
            for uri, file in kind.outputs(result.described, folder).items()
        }
