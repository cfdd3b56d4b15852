"""Executions as the service describes them: their steps, jobs, logs, and why they failed."""

import secrets
from dataclasses import dataclass
from typing import Any

from .. import settings
from ..errors import ProjectError

ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
JOBS = ("Processing", "Training", "Tuning", "Transform")  # what has a log
ENOUGH = 60  # characters of a script's words by which they are known in a reason that is cut


class PipelineFailed(ProjectError):
    """An execution that did not succeed; the message names the step and its reason."""


@dataclass(frozen=True)
class Started:
    """An execution that is known by its ARN alone, to be followed like one just started."""

    arn: str
    session: Any

    def stop(self) -> None:
        self.session.sagemaker_client.stop_pipeline_execution(
            PipelineExecutionArn=self.arn, ClientRequestToken=secrets.token_hex(16)
        )


def latest(session: Any) -> str:
    """The ARN of this project's execution that started last.

    Raises:
        ProjectError: nothing was started yet.
    """
    client = session.sagemaker_client
    pages = client.get_paginator("list_pipelines").paginate(
        PipelineNamePrefix=settings.PROJECT_SLUG
    )
    names = [item["PipelineName"] for page in pages for item in page["PipelineSummaries"]]
    found = [
        execution
        for name in names
        for execution in client.list_pipeline_executions(
            PipelineName=name, SortOrder="Descending", MaxResults=1
        )["PipelineExecutionSummaries"]
    ]
    if not found:
        raise ProjectError("no pipeline was started yet; `make pipeline` starts one")
    return str(max(found, key=lambda item: item["StartTime"])["PipelineExecutionArn"])


def listed(session: Any, arn: str) -> list[dict[str, Any]]:
    """The steps of an execution as the service describes them, first started first."""
    pages = session.sagemaker_client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return [step for page in pages for step in page["PipelineExecutionSteps"]]


def ended_by_fail_step(session: Any, arn: str) -> str | None:
    """The name of the Fail step that ended an execution, or None."""
    steps = listed(session, arn)
    return next((str(s["StepName"]) for s in steps if "Fail" in s.get("Metadata", {})), None)


def job_of(step: dict[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the job that a described step runs, or None."""
    for kind in JOBS:
        arn = step.get("Metadata", {}).get(f"{kind}Job", {}).get("Arn")
        if arn:
            return kind, arn.rpartition("/")[2]
    return None


def log(session: Any, execution: Any, step_name: str) -> str:
    """The full log of a step's job, as far as it is written.

    Args:
        session: local or managed.
        execution: what ``pipeline.start()`` returned, or an execution's ARN.
        step_name: of the pipeline, such as ``Train``.

    Raises:
        ProjectError: the execution has no such step, or the step runs no job.
    """
    found = {
        step["StepName"]: step for step in listed(session, getattr(execution, "arn", execution))
    }
    if step_name not in found:
        names = ", ".join(found) or "none yet"
        raise ProjectError(f"the execution has no step {step_name!r}; its steps are: {names}")
    job = job_of(found[step_name])
    if job is None:
        with_log = ", ".join(name for name, step in found.items() if job_of(step)) or "none"
        raise ProjectError(f"step {step_name} runs no job; these have a log: {with_log}")
    return "\n".join(session.job_log(*job))


def outputs(session: Any, execution: Any, step_name: str) -> dict[str, str]:
    """URIs of what a processing step of an execution wrote, by name of the output.

    Raises:
        ProjectError: the execution has not come so far.
    """
    for step in listed(session, execution.arn):
        if step["StepName"] == step_name and step["StepStatus"] == "Succeeded":
            job_name = step["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
            job = session.sagemaker_client.describe_processing_job(ProcessingJobName=job_name)
            found = job["ProcessingOutputConfig"]["Outputs"]
            return {each["OutputName"]: each["S3Output"]["S3Uri"] for each in found}
    raise ProjectError(
        f"the execution has no step {step_name} that succeeded, and so nothing of it to show"
    )


def failure(session: Any, arn: str, status: str) -> str:
    """Why an execution did not succeed: the reasons of the steps that failed."""
    reasons = [
        f"{step['StepName']}: {reason(session, step)}"
        for step in listed(session, arn)
        if "FailureReason" in step
    ]
    described = session.sagemaker_client.describe_pipeline_execution(PipelineExecutionArn=arn)
    said = "; ".join(reasons) or described.get("FailureReason", "")
    ended = "was stopped" if status == "Stopped" else status.lower()
    return f"the pipeline {ended}: {said}" if said else f"the pipeline {ended}"


def reason(session: Any, step: dict[str, Any]) -> str:
    """Why a described step failed: the service's words, and its script's where those lack them."""
    told = str(step["FailureReason"])
    kind, name = job_of(step) or ("", "")
    if kind != "Processing":
        return told
    job = session.sagemaker_client.describe_processing_job(ProcessingJobName=name)
    said = str(job.get("ExitMessage", ""))
    return told if said[:ENOUGH] in told else f"{told}: {said}"
