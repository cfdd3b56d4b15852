"""Transform steps: a job, and a model, which a step before it may make."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import references
from sagemaker_local.jobs import served_model, transform
from sagemaker_local.registry.models import not_one
from sagemaker_local.steps import model
from sagemaker_local.steps.job_step import JobStep


class TransformStep(JobStep):
    """A job whose model must have a script."""

    def __init__(self) -> None:
        super().__init__("Transform", transform.KIND)
        # A missing model is told in other words.
        self.given = (*self.given, "ModelName")

    def refusals_among(self, step: Step, definition: Definition) -> Iterator[str]:
        for reference in references(step.arguments.get("ModelName")):
            maker = definition.steps.get(reference.name) if reference.root == "Steps" else None
            if maker is not None and maker.type == model.STEP.name:
                yield from _script_refusals(step, maker)


def _script_refusals(step: Step, maker: Step) -> Iterator[str]:
    """Why the model that ``maker`` makes cannot answer."""
    if any(model.STEP.shape_refusals(maker.arguments)):
        return
    first = maker.arguments.get("PrimaryContainer")
    containers = [*([first] if first else []), *maker.arguments.get("Containers", [])]
    if len(containers) > 1:
        yield not_one(maker.name, containers)
        return
    for container in containers:
        variables = {**container.get("Environment", {}), **step.arguments.get("Environment", {})}
        refused = served_model.refusal(container.get("Image"), variables)
        if refused and "ModelDataUrl" in container:
            yield f"{refused} (step {maker.name!r})"


STEP = TransformStep()
