"""Cache, retries, selection and functions with the SDK's own objects; prints what it saw as JSON.

Run by ``test_workflow`` in a process of its own, without AWS variables and network:
``python sdk_workflow.py <folder>``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {}

from sagemaker_local import LocalSession  # noqa: E402

from engine.conformance import ConformingClient  # noqa: E402


def opened(**options: Any) -> LocalSession:
    session = LocalSession(FOLDER / "root", preload=("json",), **options)
    client = ConformingClient(session.sagemaker_client)
    session.sagemaker_client = client
    session.boto_session._clients["sagemaker"] = client
    return session


def decide(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"publish": event["rows"] == "2", "note": f"{event['rows']} rows"}


session = opened(functions={"decide": decide})

from sagemaker.core.lambda_helper import Lambda  # noqa: E402
from sagemaker.core.processing import ScriptProcessor  # noqa: E402
from sagemaker.core.workflow.conditions import ConditionEquals  # noqa: E402
from sagemaker.core.workflow.parameters import ParameterString  # noqa: E402
from sagemaker.mlops.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.mlops.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.mlops.workflow.lambda_step import (  # noqa: E402
    LambdaOutput,
    LambdaOutputTypeEnum,
    LambdaStep,
)
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.mlops.workflow.retry import (  # noqa: E402
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
)
from sagemaker.mlops.workflow.selective_execution_config import (  # noqa: E402
    SelectiveExecutionConfig,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402
from sagemaker.train.configs import Compute, InputData, SourceCode  # noqa: E402

from engine.sdk_channels import processing_input, processing_output  # noqa: E402

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:decide"
TRAIN_PATH = "/opt/ml/processing/train"
# The first job of each root is killed.
PREPARE = """
import os, shutil, signal, sys
marker = sys.argv[3]
if not os.path.exists(marker):
    open(marker, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
shutil.copy(f"{sys.argv[1]}/data.csv", sys.argv[2])
"""
TRAIN = """
import os
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv")).read()
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write(rows)
"""


def write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def build(folder: Path, session: LocalSession, train: str = TRAIN) -> Pipeline:
    """Prepare, Train, a function, and a gate on what it answers; sources lie in ``folder``."""
    rows = ParameterString("Rows", default_value="2")
    cache = CacheConfig(enable_caching=True, expire_after="P30D")
    processor = ScriptProcessor(
        image_uri=IMAGE,
        command=["python3"],
        role=session.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=session,
        base_job_name="prepare",
    )
    data = session.upload_data(write(folder, "data.csv", "1,2\n"))
    policy = SageMakerJobStepRetryPolicy(
        exception_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR],
        interval_seconds=0,
        max_attempts=2,
    )
    prepare = ProcessingStep(
        name="Prepare",
        step_args=processor.run(
            code=write(folder, "prepare/prepare.py", PREPARE),
            inputs=[processing_input("data", data)],
            outputs=[processing_output("train", TRAIN_PATH)],
            arguments=["/opt/ml/processing/input/data", TRAIN_PATH, str(FOLDER / "marker")],
        ),
        cache_config=cache,
        retry_policies=[policy],
    )
    write(folder, "train/train.py", train)
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=session.role,
        sagemaker_session=session,
        base_job_name="train",
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        source_code=SourceCode(source_dir=str(folder / "train"), entry_script="train.py"),
    )
    source = prepare.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri
    channel = InputData(channel_name="train", data_source=source)
    train_step = TrainingStep(
        name="Train", step_args=trainer.train(input_data_config=[channel]), cache_config=cache
    )
    asked = LambdaStep(
        name="Decide",
        lambda_func=Lambda(function_arn=FUNCTION, session=session),
        inputs={"rows": rows, "model": train_step.properties.ModelArtifacts.S3ModelArtifacts},
        outputs=[
            LambdaOutput("publish", LambdaOutputTypeEnum.Boolean),
            LambdaOutput("note", LambdaOutputTypeEnum.String),
        ],
    )
    answers = asked.properties.Outputs
    gate = ConditionStep(
        name="Gate",
        conditions=[ConditionEquals(left=answers["publish"], right=True)],
        if_steps=[],
        else_steps=[FailStep(name="Missed", error_message=answers["note"])],
    )
    return Pipeline(
        name="workflow",
        parameters=[rows],
        steps=[prepare, train_step, asked, gate],
        sagemaker_session=session,
    )


def started(pipeline: Pipeline, **options: Any) -> Any:
    pipeline.upsert(role_arn=session.role)
    execution = pipeline.start(**options)
    while execution.describe()["PipelineExecutionStatus"] == "Executing":
        time.sleep(0.02)
    return execution


def seen(execution: Any) -> dict[str, Any]:
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "steps": {step["StepName"]: step for step in execution.list_steps()},
        "explained": str(session.explain(execution)).splitlines(),
    }


def run() -> None:
    pipeline = build(FOLDER / "one", session)
    text = pipeline.definition()
    SEEN["plan"] = str(session.plan(text)).splitlines()
    SEEN["plan by parameters"] = len(session.plan(text, {"Rows": "3"}).steps)
    SEEN["skew"] = str(session.skew(text))
    SEEN["first"] = seen(started(pipeline))
    SEEN["again, elsewhere"] = seen(started(build(FOLDER / "two", session)))
    SEEN["comment"] = seen(started(build(FOLDER / "three", session, TRAIN + "# comment\n")))
    selection = SelectiveExecutionConfig(selected_steps=["Decide", "Gate"])
    chosen = started(pipeline, parameters={"Rows": "7"}, selective_execution_config=selection)
    SEEN["selected"] = seen(chosen)
    SEEN["selected config"] = chosen.describe()["SelectiveExecutionConfig"]
    SEEN["by arn"] = str(session.explain(chosen.arn)) == str(session.explain(chosen))
    stranger = opened()
    SEEN["unknown function"] = _error(lambda: build(FOLDER / "one", stranger).upsert("arn"))
    SEEN["stranger's plan"] = [str(problem) for problem in stranger.plan(text).refusals]


def _error(call: Any) -> str:
    try:
        call()
    except Exception as error:
        return str(error)
    return "no error"


if __name__ == "__main__":
    run()
    (FOLDER / "seen.json").write_text(json.dumps(SEEN, default=str), encoding="utf-8")
