"""Pipelines for tests that are over in a moment: every step is a line of Python."""

import json
import secrets
from pathlib import Path
from types import SimpleNamespace
from typing import Any

EVALUATION = {
    "problem_type": "regression",
    "primary_metric": "r2",
    "direction": "maximize",
    "rows": 9,
    "regression_metrics": {"r2": {"value": 0.9}, "rmse": {"value": 3.0}},
    "champion_metrics": {},
    "constant_metrics": {"r2": {"value": 0.0}, "rmse": {"value": 9.0}},
    "gate": {"value": 0.9, "champion_value": 0.9, "champion_margin": 0.0},
}
COPY = (
    "from shutil import copytree; "
    "copytree('/opt/ml/processing/input', '/opt/ml/processing/output', dirs_exist_ok=True); "
    "print('test:r2=0.9')"
)
# In one line, since SageMaker takes no line break in a command.
WAIT = (
    "import os, sys, time; "
    "[time.sleep(0.01) for _ in iter(lambda: os.path.exists(sys.argv[1]), True)]; "
)
REGISTRATION = {
    "ModelPackageGroupName": "cars",
    "InferenceSpecification": {
        "Containers": [{"Image": "image", "ModelDataUrl": "s3://sagemaker-local/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    },
}


def processing(session: Any, name: str, code: str, output: str = "") -> dict[str, Any]:
    """A processing step that runs a piece of Python and may have an output."""
    location = {
        "S3Uri": f"s3://{session.default_bucket()}/{name}",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    outputs = [{"OutputName": output, "AppManaged": False, "S3Output": location}]
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    arguments = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {
            "ImageUri": "image",
            "ContainerEntrypoint": ["python3", "-c", code],
        },
        "RoleArn": session.role,
        "ProcessingOutputConfig": {"Outputs": outputs if output else []},
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def evaluate(session: Any, after: Path | None = None) -> dict[str, Any]:
    """A step that leaves ``evaluation.json``: it copies the one that it is given.

    With ``after`` it waits until that file is there.
    """
    bucket, text = session.default_bucket(), json.dumps(EVALUATION)
    uri = session.upload_string_as_file_body(text, bucket, "ready/evaluation.json")
    source = {
        "S3Uri": uri,
        "LocalPath": "/opt/ml/processing/input",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    step = processing(session, "Evaluate", f"{WAIT if after else ''}{COPY}", "evaluation")
    if after:
        step["Arguments"]["AppSpecification"]["ContainerArguments"] = [str(after)]
    step["Arguments"]["ProcessingInputs"] = [
        {"InputName": "ready", "AppManaged": False, "S3Input": source}
    ]
    return step


def register(group: str = "cars") -> dict[str, Any]:
    """A step that registers a model package after ``Evaluate``."""
    return {
        "Name": "RegisterModel",
        "Type": "RegisterModel",
        "DependsOn": ["Evaluate"],
        "Arguments": REGISTRATION | {"ModelPackageGroupName": group},
    }


def refuse() -> dict[str, Any]:
    """A step that fails after ``Evaluate``."""
    arguments = {"ErrorMessage": "r2 0.9 misses 0.99"}
    return {
        "Name": "Missed",
        "Type": "Fail",
        "DependsOn": ["Evaluate"],
        "Arguments": arguments,
    }


def start(
    session: Any, *steps: dict[str, Any], name: str = "cars", data: str = "", **given: str
) -> Any:
    """Start a pipeline of these steps; what comes back has the execution's ``arn``.

    Args:
        session: local or managed.
        steps: the pipeline's.
        name: the pipeline's.
        data: the default of its parameter ``InputData``.
        given: values of parameters.
    """
    parameters = [{"Name": "InputData", "Type": "String", "DefaultValue": data or "s3://nowhere"}]
    definition = {"Version": "2020-12-01", "Parameters": parameters, "Steps": steps}
    client, token = session.sagemaker_client, secrets.token_hex(16)
    listed = client.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    request = {"PipelineName": name, "PipelineDefinition": json.dumps(definition)}
    if listed:
        client.update_pipeline(**request)
    else:
        client.create_pipeline(**request, RoleArn=session.role, ClientRequestToken=token)
    started = client.start_pipeline_execution(
        PipelineName=name,
        ClientRequestToken=token,
        PipelineParameters=[{"Name": key, "Value": value} for key, value in given.items()],
    )
    arn = started["PipelineExecutionArn"]
    return SimpleNamespace(
        arn=arn, stop=lambda: client.stop_pipeline_execution(PipelineExecutionArn=arn)
    )


def data_file(folder: Path, text: str = "a,b\n1,2\n") -> Path:
    """A small table."""
    file = folder / "cars.csv"
    file.write_text(text, encoding="utf-8")
    return file
