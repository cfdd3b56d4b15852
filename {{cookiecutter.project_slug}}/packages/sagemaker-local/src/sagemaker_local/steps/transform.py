"""Transform steps: a job, and a model, which a step before it may make."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import references
from sagemaker_local.jobs import served_model, transform
from sagemaker_local.registry.models import containers_in
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
    containers = containers_in(maker.arguments)
    for number, container in enumerate(containers, 1):
        variables = {**container.get("Environment", {}), **step.arguments.get("Environment", {})}
        refused = served_model.refusal(container.get("Image"), variables)
        if refused and "ModelDataUrl" in container:
            which = f", container {number}" if len(containers) > 1 else ""
            yield f"{refused} (step {maker.name!r}{which})"


STEP = TransformStep()
