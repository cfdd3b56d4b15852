"""The three-step pipeline in the local mode of the SageMaker SDK itself: each job is a container.

    python benchmarks/sdk_local_mode.py PROJECT ROWS IMAGE TIMES

prints, as JSON, each execution's seconds. Importing the SDK and building the pipeline do not count.

Version 3.27's local mode runs no pipeline by itself: the LocalPipelineSession of ``core`` lacks the
call that starts one, and that of ``mlops`` is no PipelineSession, so that steps cannot be built
with it. Here the project's own session builds them, and the one of ``mlops`` runs them. Its S3 is
a folder on this disk, which spares it every download and upload, and an account.
"""

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from three_step_pipeline import three_steps


def local_mode(boto_session: Any, s3: Path, image: str) -> Any:
    """The SDK's session for pipelines in Docker, which finds S3 in a folder and calls nobody.

    Args:
        boto_session: with a region; no request is sent with it.
        s3: the folder that holds ``<bucket>/<key>``.
        image: runs every job, whatever image its step names.
    """
    from sagemaker.core.local.local_session import LocalSagemakerClient
    from sagemaker.core.telemetry import telemetry_logging
    from sagemaker.mlops.local import LocalPipelineSession

    class Client(LocalSagemakerClient):
        def create_processing_job(self, name: str, **request: Any) -> None:
            request["AppSpecification"]["ImageUri"] = image
            super().create_processing_job(name, **in_folder(request))

        def create_training_job(self, name: str, **request: Any) -> None:
            request["AlgorithmSpecification"]["TrainingImage"] = image
            super().create_training_job(name, **in_folder(request))

    def in_folder(request: dict[str, Any]) -> dict[str, Any]:
        return dict(json.loads(json.dumps(request).replace("s3://", f"{s3.as_uri()}/")))

    telemetry_logging._send_telemetry_request = lambda *_, **__: None
    session = LocalPipelineSession(boto_session=boto_session)
    session.sagemaker_client = Client(session)
    return session


def execute(session: Any, pipeline: Any) -> float:
    """Seconds for one execution, which has succeeded; what its jobs print goes to stderr."""
    started = time.perf_counter()
    with redirect_stdout(sys.stderr):
        execution = session.start_pipeline_execution(PipelineName=pipeline.name)
    seconds = time.perf_counter() - started
    if execution.status != "Succeeded":
        sys.exit(f"SDK local mode: {execution.failure_reason}")
    return seconds


def main() -> None:
    project, rows, image, times = sys.argv[1:]
    pipeline = three_steps(Path(project), int(rows))
    import boto3

    s3 = pipeline.sagemaker_session.root / "s3"
    offline = boto3.Session("local", "local", region_name="us-east-1")
    session = local_mode(offline, s3, image)
    session.create_pipeline(pipeline, "Preprocess, train, evaluate")
    print(json.dumps({"seconds": [execute(session, pipeline) for _ in range(int(times))]}))


if __name__ == "__main__":
    main()
