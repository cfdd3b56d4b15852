"""Executions of one pipeline in one local session that is opened here.

    python benchmarks/local_session.py ROOT PIPELINE TIMES

prints, as JSON, each execution's seconds and how many steps the last one reused. The first one's
seconds count from opening the session.
"""

import json
import sys
import time
from typing import Any

from sagemaker_local import LocalSession


def execute(client: Any, pipeline: str) -> list[dict[str, Any]]:
    """Run the pipeline to its end; its steps, which have succeeded."""
    arn = client.start_pipeline_execution(PipelineName=pipeline)["PipelineExecutionArn"]
    status = "Executing"
    while status == "Executing":
        time.sleep(0.005)
        execution = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = execution["PipelineExecutionStatus"]
    listed = client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    if status != "Succeeded":
        sys.exit(f"local session: {listed['PipelineExecutionSteps']}")
    return list(listed["PipelineExecutionSteps"])


def main() -> None:
    root, pipeline, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seconds = []
    started = time.perf_counter()
    client = LocalSession(root).sagemaker_client
    for _ in range(times):
        steps = execute(client, pipeline)
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
    reused = sum("CacheHitResult" in step for step in steps)
    print(json.dumps({"seconds": seconds, "reused": reused}))


if __name__ == "__main__":
    main()
