"""Drives a LocalSession with the SDK's own objects, and prints what it saw as JSON.

Run by ``test_session`` in a process of its own, which has no AWS variables and no network:
``python sdk_program.py <folder>``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {"variables": sorted(name for name in os.environ if name.startswith("AWS"))}

from sagemaker_local import LocalSession  # noqa: E402

from engine.conformance import ConformingClient  # noqa: E402

session = LocalSession(FOLDER / "root", preload=("json",))
client = ConformingClient(session.sagemaker_client)
session.sagemaker_client = client
session.boto_session._clients["sagemaker"] = client

from botocore.exceptions import WaiterError  # noqa: E402
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics  # noqa: E402
from sagemaker.core.processing import ScriptProcessor  # noqa: E402
from sagemaker.core.telemetry import telemetry_logging  # noqa: E402
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo  # noqa: E402
from sagemaker.core.workflow.functions import Join, JsonGet  # noqa: E402
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString  # noqa: E402
from sagemaker.core.workflow.properties import PropertyFile  # noqa: E402
from sagemaker.mlops.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.mlops.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.mlops.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep  # noqa: E402
from sagemaker.serve.model_builder import ModelBuilder  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402
from sagemaker.train.configs import Compute, InputData, SourceCode  # noqa: E402

from engine import sdk_tuning  # noqa: E402
from engine.sdk_channels import processing_input, processing_output  # noqa: E402

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1.0"  # with metrics of one's own
OUTPUT = "/opt/ml/processing/output"
PREPARE = """
import json, shutil, sys
source, train, report = sys.argv[1:4]
shutil.copy(f"{source}/data.csv", train)
json.dump({"score": {"value": 0.75}}, open(f"{report}/report.json", "w"))
"""
TRAIN = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=float)
factor = parser.parse_args().factor
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv")).read()
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write(f"{factor} {rows}")
"""


def write(name: str, text: str) -> str:
    file = FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def build(data: str) -> Pipeline:
    """Prepare, train, a gate, and either a registered model or a Fail step."""
    source = ParameterString("InputData", default_value=data)
    threshold = ParameterFloat("Threshold", default_value=0.5)
    processor = ScriptProcessor(
        image_uri=IMAGE,
        command=["python3"],
        role=session.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=session,
        base_job_name="prepare",
    )
    report = PropertyFile(name="Report", output_name="report", path="report.json")
    prepare = ProcessingStep(
        name="Prepare",
        step_args=processor.run(
            code=write("prepare/prepare.py", PREPARE),
            inputs=[processing_input("data", source)],
            outputs=[
                processing_output("train", f"{OUTPUT}/train"),
                processing_output("report", f"{OUTPUT}/report"),
            ],
            arguments=["/opt/ml/processing/input/data", f"{OUTPUT}/train", f"{OUTPUT}/report"],
        ),
        property_files=[report],
    )
    outputs = prepare.properties.ProcessingOutputConfig.Outputs
    write("train/train.py", TRAIN)
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=session.role,
        sagemaker_session=session,
        base_job_name="train",
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        source_code=SourceCode(source_dir=str(FOLDER / "train"), entry_script="train.py"),
        hyperparameters={"factor": 0.5},
    )
    channel = InputData(channel_name="train", data_source=outputs["train"].S3Output.S3Uri)
    train = TrainingStep(name="Train", step_args=trainer.train(input_data_config=[channel]))
    builder = ModelBuilder(
        s3_model_data_url=train.properties.ModelArtifacts.S3ModelArtifacts,
        image_uri=IMAGE,
        role_arn=session.role,
        sagemaker_session=session,
    )
    statistics = Join(on="/", values=[outputs["report"].S3Output.S3Uri, "report.json"])
    metrics = ModelMetrics(model_statistics=MetricsSource("application/json", statistics))
    register = ModelStep(
        name="Register",
        step_args=builder.register(
            model_package_group_name="group",
            content_types=["text/csv"],
            response_types=["text/csv"],
            model_metrics=metrics,
        ),
    )
    score = JsonGet(step_name="Prepare", property_file=report, json_path="score.value")
    message = Join(on=" ", values=["score", score, "is below", threshold])
    gate = ConditionStep(
        name="Gate",
        conditions=[ConditionGreaterThanOrEqualTo(left=score, right=threshold)],
        if_steps=[ModelStep(name="Create", step_args=builder.build()), register],
        else_steps=[FailStep(name="Missed", error_message=message)],
    )
    return Pipeline(
        name="sdk",
        parameters=[source, threshold],
        steps=[prepare, train, gate],
        sagemaker_session=session,
    )


def run() -> None:
    """Build, upsert twice, run a good and a bad execution."""
    data = session.upload_data(write("data.csv", "1,2\n"))
    pipeline = build(data)
    SEEN["same definition"] = pipeline.definition() == build(data).definition()
    SEEN["arns"] = [
        pipeline.upsert(role_arn=session.role, tags=[{"Key": "a", "Value": "b"}])["PipelineArn"]
        for _ in range(2)
    ]
    SEEN["definition kept"] = json.loads(pipeline.describe()["PipelineDefinition"]) == json.loads(
        pipeline.definition()
    )
    good = pipeline.start(parameters={"Threshold": 0.7})
    good.wait(delay=0.05, max_attempts=1000)
    SEEN["good"] = _seen(good)
    SEEN["parameters"] = good.list_parameters()["PipelineParameters"]
    bad = pipeline.start(parameters={"Threshold": 0.9})
    try:
        bad.wait(delay=0.05, max_attempts=1000)
    except WaiterError as error:
        SEEN["waiter"] = str(error)
    SEEN["bad"] = _seen(bad)
    SEEN["executions"] = len(pipeline.list_executions()["PipelineExecutionSummaries"])
    SEEN["mistyped"] = _error(lambda: pipeline.start(parameters={"Treshold": 0.9}))
    SEEN["packages"] = len(
        client.list_model_packages(ModelPackageGroupName="group")["ModelPackageSummaryList"]
    )
    pipeline.delete()
    SEEN["deleted"] = _error(pipeline.describe)
    SEEN["checked"] = sorted(client.checked)


def _seen(execution: Any) -> dict[str, Any]:
    steps = execution.list_steps()
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "steps": {step["StepName"]: step["StepStatus"] for step in steps},
        "reasons": [step["FailureReason"] for step in steps if "FailureReason" in step],
    }


def _error(call: Any) -> str:
    try:
        call()
    except Exception as error:
        return str(error)
    return "no error"


def storage() -> None:
    """The session's methods for objects, and what refuses to reach AWS."""
    uri = session.upload_string_as_file_body("text ü", "sagemaker-local", "notes/a.txt")
    SEEN["uri"] = uri
    SEEN["read"] = session.read_s3_file("sagemaker-local", "notes/a.txt")
    SEEN["listed"] = session.list_s3_files("sagemaker-local", "notes")
    copies = session.download_data(FOLDER / "copies", "sagemaker-local", "notes")
    SEEN["downloaded"] = [Path(copy).name for copy in copies]
    SEEN["refused"] = [
        _error(lambda: session.boto_session.client("ecr").describe_repositories()),
        _error(lambda: session.boto_session.resource("dynamodb").Table("t")),
    ]
    listed = session.boto_session.client("s3").list_objects_v2(Bucket=session.default_bucket())
    SEEN["by boto3"] = "notes/a.txt" in {each["Key"] for each in listed["Contents"]}
    SEEN["account"] = session.account_id()
    SEEN["bucket"] = session.default_bucket()


def telemetry() -> None:
    """Sessions of other kinds report as they did; this one never does."""
    sent: list[Any] = []
    telemetry_logging._send_telemetry_request = lambda *arguments, **_: sent.append(arguments)
    for name in ("one", "two"):
        local = LocalSession(FOLDER / name, warm=False)
    managed = object()
    for target in (local, session, managed):
        telemetry_logging._send_telemetry_request(1, [2], target)
    SEEN["telemetry"] = [arguments[2] is managed for arguments in sent]


if __name__ == "__main__":
    run()
    SEEN["tuning"] = sdk_tuning.seen(
        session, FOLDER, OWN_IMAGE, session.upload_data(FOLDER / "data.csv")
    )
    storage()
    telemetry()
    (FOLDER / "seen.json").write_text(json.dumps(SEEN, default=str), encoding="utf-8")
