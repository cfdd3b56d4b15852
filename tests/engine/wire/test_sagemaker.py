"""Every operation of the client, asked by boto3 over the wire: the same answers and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from sagemaker_local.service_model import service_model
from sagemaker_local.wire import json_service

from engine.boto_clients import sums
from engine.conformance import check_shape
from engine.definitions import (
    IMAGE,
    ROLE,
    Json,
    definition,
    fail,
    package_request,
    processing,
    training,
    transform,
)
from engine.local import until
from engine.transforms import CSV, SERVED, artifacts
from engine.tunings import RATE, tuning_step
from engine.wire.conftest import Wired

# Waits until it is told to go on.
WAIT = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.005)
"""
SAVE = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')"
TOKEN = {"ClientRequestToken": "0" * 32}


@dataclass
class Both:
    """boto3 over the wire, and the client in this process, of one engine.

    Attributes:
        wired: the engine.
        asked: operations that boto3 was asked for.
    """

    wired: Wired
    asked: set[str] = field(default_factory=set)

    def write(self, method: str, /, **request: Any) -> Json:
        """Change something by boto3; the answer has the shape that the service's has."""
        self.asked.add(method)
        answer = getattr(self.wired.sagemaker, method)(**request)
        answer.pop("ResponseMetadata")
        operation = next(n for n in service_model().operation_names if xform_name(n) == method)
        shape = service_model().operation_model(operation).output_shape
        if shape is not None:
            check_shape(shape.name, answer)
        return dict(answer)

    def read(self, method: str, /, **request: Any) -> Json:
        """Ask both; the answers are the same."""
        here = getattr(self.wired.local.plain_client, method)(**request)
        there = self.write(method, **request)
        here.pop("ResponseMetadata")
        assert comparable(there) == comparable(here)
        return there

    def refuse(self, method: str, /, **request: Any) -> str:
        """Ask both for what is refused; the errors are the same. Gives the code."""
        self.asked.add(method)
        errors = []
        for client in (self.wired.sagemaker, self.wired.local.plain_client):
            with pytest.raises(ClientError) as refused:
                getattr(client, method)(**request)
            errors.append(refused.value.response["Error"])
        there, here = errors
        assert (there["Code"], there["Message"]) == (here["Code"], here["Message"])
        return str(there["Code"])


def comparable(value: Any) -> Any:
    """Times in milliseconds, which is what numbers on the wire are good for."""
    if isinstance(value, Mapping):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    if isinstance(value, datetime):
        return round(value.astimezone(UTC).timestamp() * 1000)
    return value


@pytest.mark.slow
def test_every_operation_is_answered_as_in_process(own: Wired, tmp_path: Path) -> None:
    both = Both(own)
    pipelines(both)
    executions(both, tmp_path)
    registry(both)
    endpoints(both)
    jobs(both, tmp_path)
    operations = json_service.sagemaker(own.local.plain_client).operations
    assert both.asked >= {xform_name(name) for name in operations}
    assert len(operations) > 40


def pipelines(both: Both) -> None:
    text = definition(fail("Stop", "as it should"))
    request = {"PipelineName": "p", "PipelineDefinition": text, "RoleArn": ROLE}
    created = both.write("create_pipeline", **request, **TOKEN, Tags=[{"Key": "a", "Value": "b"}])
    assert both.refuse("create_pipeline", **request, **TOKEN) == "ValidationException"
    changed = {"PipelineName": "p", "PipelineDescription": "Größe ≤ 3"}
    assert both.write("update_pipeline", **changed)["PipelineArn"] == created["PipelineArn"]
    described = both.read("describe_pipeline", PipelineName="p")
    assert described["PipelineDescription"] == "Größe ≤ 3"
    both.read("list_pipelines", PipelineNamePrefix="p", MaxResults=1)
    after = datetime(2020, 1, 1, tzinfo=UTC)
    assert both.read("list_pipelines", CreatedAfter=after)["PipelineSummaries"]
    version = {"PipelineArn": created["PipelineArn"], "PipelineVersionId": 1}
    both.write("update_pipeline_version", **version, PipelineVersionDisplayName="first")
    both.read("list_pipeline_versions", PipelineName="p")
    for outcome in ("success", "failure"):  # of a callback step that there is not
        method = f"send_pipeline_execution_step_{outcome}"
        assert both.refuse(method, CallbackToken="a" * 10, **TOKEN) == "ResourceNotFound"
    arn = {"ResourceArn": created["PipelineArn"]}
    both.write("add_tags", **arn, Tags=[{"Key": "c", "Value": "d"}])
    both.write("delete_tags", **arn, TagKeys=["a"])
    assert both.read("list_tags", **arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    broken = {**request, "PipelineName": "broken", "PipelineDefinition": "{}"}
    assert both.refuse("create_pipeline", **broken, **TOKEN) == "ValidationException"
    assert both.refuse("describe_pipeline", PipelineName="none") == "ResourceNotFound"
    both.write("create_pipeline", **{**request, "PipelineName": "short"}, **TOKEN)
    both.write("delete_pipeline", PipelineName="short", **TOKEN)


def executions(both: Both, folder: Path) -> None:
    local = both.wired.local
    go = folder / "go"
    step = processing("Wait", local.code(WAIT), arguments=[str(go)])
    both.write("update_pipeline", PipelineName="p", PipelineDefinition=definition(step))
    started = both.write("start_pipeline_execution", PipelineName="p", **TOKEN)
    again = both.write("start_pipeline_execution", PipelineName="p", **TOKEN)
    assert again == started, "sent a second time, it starts nothing"
    arn = {"PipelineExecutionArn": started["PipelineExecutionArn"]}
    called = {"PipelineExecutionDescription": "called so while it ran"}
    both.write("update_pipeline_execution", **arn, **called)
    both.write("stop_pipeline_execution", **arn, **TOKEN)
    ended(both, arn, "Stopped")
    described = both.read("describe_pipeline_execution", **arn)
    assert described | called == described
    go.touch()
    both.write("retry_pipeline_execution", **arn, **TOKEN)
    ended(both, arn, "Succeeded")
    both.read("list_pipeline_executions", PipelineName="p")
    (listed,) = both.read("list_pipeline_execution_steps", **arn)["PipelineExecutionSteps"]
    assert listed["StepStatus"] == "Succeeded"
    both.read("list_pipeline_parameters_for_execution", **arn)
    both.read("describe_pipeline_definition_for_execution", **arn)
    assert both.refuse("stop_pipeline_execution", **arn, **TOKEN) == "ValidationException"


def ended(both: Both, arn: Json, status: str) -> None:
    describe = both.wired.local.plain_client.describe_pipeline_execution
    until(lambda: describe(**arn)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
    assert both.read("describe_pipeline_execution", **arn)["PipelineExecutionStatus"] == status


def registry(both: Both) -> None:
    local = both.wired.local
    data = artifacts(local)
    group = {"ModelPackageGroupName": "g"}
    both.write("create_model_package_group", **group)
    both.read("describe_model_package_group", **group)
    both.read("list_model_package_groups", NameContains="g")
    arn = both.write("create_model_package", **package_request("g", data))["ModelPackageArn"]
    approved = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
    both.write("update_model_package", **approved)
    found = both.read("describe_model_package", ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "Approved"
    both.read("list_model_packages", **group)
    both.read("batch_describe_model_package", ModelPackageArnList=[arn, f"{arn}0"])
    assert both.refuse("delete_model_package_group", **group) == "ConflictException"
    both.write("delete_model_package", ModelPackageName=arn)
    both.write("delete_model_package_group", **group)
    container = {"Image": IMAGE, "ModelDataUrl": data, "Environment": SERVED}
    model = {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    for name in ("m", "short-lived"):
        both.write("create_model", ModelName=name, **model)
    both.read("describe_model", ModelName="m")
    both.write("delete_model", ModelName="short-lived")
    assert [item["ModelName"] for item in both.read("list_models")["Models"]] == ["m"]


def endpoints(both: Both) -> None:
    variant = {"VariantName": "v", "ModelName": "m"}
    config, name = {"EndpointConfigName": "c"}, {"EndpointName": "e"}
    both.write("create_endpoint_config", **config, ProductionVariants=[variant])
    both.read("describe_endpoint_config", **config)
    both.read("list_endpoint_configs", NameContains="c")
    try:
        served(both, name, config)
    finally:
        both.wired.local.engine.supervision.stop()
    both.write("delete_endpoint_config", **config)
    assert both.refuse("describe_endpoint_config", **config) == "ValidationException"


def served(both: Both, name: Json, config: Json) -> None:
    both.write("create_endpoint", **name, **config)
    assert both.refuse("create_endpoint", **name, **config) == "ValidationException"
    in_service = both.wired.local.plain_client.get_waiter("endpoint_in_service")
    in_service.wait(**name)
    both.read("describe_endpoint", **name)
    both.read("list_endpoints", StatusEquals="InService")
    runtime = both.wired.client("sagemaker-runtime")
    asked = {**name, "Body": b"1,2", "ContentType": "text/csv", "Accept": "text/csv"}
    answer = runtime.invoke_endpoint(**asked)
    assert answer["Body"].read() == b"30\n"
    assert answer["InvokedProductionVariant"] == "v"
    with pytest.raises(runtime.exceptions.ModelError) as error:
        runtime.invoke_endpoint(**asked | {"Body": b"x"})
    assert error.value.response["OriginalStatusCode"] == 500
    cloudwatch = both.wired.client("cloudwatch")
    until(lambda: sums(cloudwatch, "v", "Invocations") == [2.0])
    weights = [{"VariantName": "v", "DesiredWeight": 2.0}]
    both.write(
        "update_endpoint_weights_and_capacities", **name, DesiredWeightsAndCapacities=weights
    )
    in_service.wait(**name)
    both.write("update_endpoint", **name, **config)
    in_service.wait(**name)
    both.write("delete_endpoint", **name)
    both.wired.local.plain_client.get_waiter("endpoint_deleted").wait(**name)


def jobs(both: Both, folder: Path) -> None:
    local, never = both.wired.local, str(folder / "never")
    waiting = local.code(WAIT)
    told = f"import sys\nsys.argv = ['', {never!r}]"
    local.put("1,2\n3,4\n", "batch/in.csv")
    captured = {"DestinationS3Uri": "s3://x/captured", "GenerateInferenceId": True}
    steps = {
        "processing_job": processing("P", waiting, arguments=[never]),
        "training_job": training("T", local.channels(f"{told}{WAIT}")),
        "transform_job": transform(
            *("B", "m", "s3://sagemaker-local/batch", "s3://x/out"),
            **CSV,
            options={"DataCaptureConfig": captured},
        ),
        "hyper_parameter_tuning_job": tuning_step(local, RATE, script=SAVE + "\nprint('loss=1')"),
    }
    for noun, step in steps.items():
        member = f"{''.join(map(str.capitalize, noun.split('_')))}"
        name = {f"{member}Name": f"one-{step['Name']}"}
        request = {**step["Arguments"], **name}
        both.write(f"create_{noun}", **request)
        assert both.refuse(f"create_{noun}", **request) == "ResourceInUse"
        if step["Name"] in ("P", "T"):  # the others end too soon to be stopped for sure
            both.write(f"stop_{noun}", **name)
        status = f"{member}Status"
        describe = getattr(local.plain_client, f"describe_{noun}")
        until(lambda d=describe, n=name, s=status: d(**n)[s] not in ("InProgress", "Stopping"))
        both.read(f"describe_{noun}", **name)
        both.read(f"list_{noun}s")
        if step["Name"] not in ("P", "T"):
            assert both.refuse(f"stop_{noun}", **name) == "ValidationException"
    tuned = {"HyperParameterTuningJobName": "one-Tune"}
    both.read("list_training_jobs_for_hyper_parameter_tuning_job", **tuned)
    for noun, name in (
        ("processing_job", {"ProcessingJobName": "one-P"}),
        ("training_job", {"TrainingJobName": "one-T"}),
        ("hyper_parameter_tuning_job", tuned),
    ):
        both.write(f"delete_{noun}", **name)
        assert both.refuse(f"delete_{noun}", **name) == "ResourceNotFound"
