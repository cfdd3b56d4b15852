"""What steps of each type ask for and cannot have here, or not in the service's shape."""

from __future__ import annotations

from typing import Any

import pytest

from engine.checked import CODE, SCRIPT, changed, problems
from engine.definitions import (
    Json,
    compare,
    fail,
    get,
    model,
    parameter,
    processing,
    register,
    step,
    training,
    true,
)

PROCESSING = processing("S", CODE, outputs=["o"])
TRAINING = training("S", SCRIPT)
INPUT, OUTPUT = "ProcessingInputs.0", "ProcessingOutputConfig.Outputs.0"
CHANNEL = "InputDataConfig.0"
SOURCE = f"{CHANNEL}.DataSource.S3DataSource"
ENTRYPOINT = "AppSpecification.ContainerEntrypoint"
ATHENA: Json = {"AthenaDatasetDefinition": {}}
GROUP = {"FeatureGroupName": "g"}


@pytest.mark.parametrize(
    ("item", "path", "value", "expected"),
    [
        (PROCESSING, "Surprise", 1, "Cannot parse object, unknown property 'Surprise'"),
        (PROCESSING, "PropertyFiles", [], "property 'PropertyFiles'; it stands beside Arguments"),
        (PROCESSING, "AppSpecificaton", {}, "unknown property 'AppSpecificaton'"),
        (PROCESSING, "StopingCondition", {}, "did you mean 'StoppingCondition'?"),
        (TRAINING, "ServerlessJobConfig", {}, "the argument ServerlessJobConfig is not run local"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", [], "no ContainerEntrypoint"),
        (PROCESSING, "AppSpecification", {"ImageUri": "i"}, "no ContainerEntrypoint"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", ["java"], "entrypoint 'java'"),
        (PROCESSING, f"{INPUT}", {"InputName": "d", "DatasetDefinition": {}}, "only S3 inputs"),
        (PROCESSING, INPUT, {"InputName": "d", "DatasetDefinition": ATHENA}, "query of Athena is"),
        (PROCESSING, ENTRYPOINT, ["python3", "src/a.py"], "the entrypoint's 'src/a.py' is in its"),
        (PROCESSING, ENTRYPOINT, ["python3", "-u", "-m", "mine.main"], "the module 'mine' is not"),
        (PROCESSING, ENTRYPOINT, ["bash", "-e", "/opt/run.sh"], "entrypoint's '/opt/run.sh' is in"),
        (
            PROCESSING,
            ENTRYPOINT,
            ["python3", "/opt/ml/processing/input/a.py"],
            "no input brings th",
        ),
        (PROCESSING, f"{INPUT}.S3Input.S3InputMode", "Pipe", "input mode Pipe"),
        (PROCESSING, f"{INPUT}.S3Input.S3CompressionType", "Gzip", "compressed inputs"),
        (PROCESSING, f"{INPUT}.S3Input.LocalPath", "/data", "is not below /opt/ml/"),
        (PROCESSING, f"{INPUT}.S3Input.LocalPath", "/opt/ml/../../etc", "is not below /opt/ml/"),
        (PROCESSING, f"{OUTPUT}.S3Output.LocalPath", "/tmp/out", "is not below /opt/ml/"),
        (
            PROCESSING,
            f"{OUTPUT}.S3Output",
            {"S3Uri": "s3://b/o", "S3UploadMode": "EndOfJob"},
            "needs a LocalPath and an S3Uri",
        ),
        (PROCESSING, OUTPUT, {"OutputName": "o", "AppManaged": True}, "only S3 outputs"),
        (PROCESSING, OUTPUT, {"OutputName": "o", "FeatureStoreOutput": GROUP}, "no feature group"),
        (TRAINING, "AlgorithmSpecification.TrainingInputMode", "Pipe", "input mode Pipe"),
        (TRAINING, f"{CHANNEL}.InputMode", "Pipe", "channel 'code': input mode Pipe"),
        (TRAINING, f"{CHANNEL}.CompressionType", "Gzip", "compressed channels"),
        (TRAINING, f"{CHANNEL}.RecordWrapperType", "RecordIO", "not wrapped in RecordIO"),
        (TRAINING, "OutputDataConfig.CompressionType", "NONE", "always a model.tar.gz"),
        (
            TRAINING,
            f"{SOURCE}.S3DataType",
            "AugmentedManifestFile",
            "augmented manifest is read in",
        ),
        (
            TRAINING,
            f"{CHANNEL}.DataSource",
            {"FileSystemDataSource": {}},
            "FileSystemDataSource.FileSystemId is missing",
        ),
        (TRAINING, f"{CHANNEL}.DataSource", {}, "only S3 channels"),
        (TRAINING, "InputDataConfig", [], "it has no script"),
        (
            TRAINING,
            "AlgorithmSpecification.MetricDefinitions",
            [{"Name": "m", "Regex": "("}],
            "metric 'm'",
        ),
        (TRAINING, "AlgorithmSpecification", {"TrainingInputMode": "File"}, "neither TrainingIm"),
        (register("S", "g", "s3://b/m"), "ModelPackageGroupName", None, "ModelPackageGroupName"),
    ],
)
def test_arguments_that_are_not_run_are_refused(
    item: Json, path: str, value: Any, expected: str
) -> None:
    found = problems(changed(item, path, value))
    assert any(problem.startswith("step 'S': ") and expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("item", "path", "value", "expected"),
    [
        (PROCESSING, "AppSpecification", {}, "AppSpecification.ImageUri is missing"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", "python3", "should be a list"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", get("Parameters.P"), "be a list"),
        (PROCESSING, "AppSpecification.Shell", "sh", "unknown property AppSpecification.Shell"),
        (PROCESSING, "ProcessingInputs", {}, "ProcessingInputs should be a list"),
        (PROCESSING, f"{INPUT}", get("Parameters.P"), "ProcessingInputs[0] should be a structure"),
        (PROCESSING, f"{INPUT}.S3Input.S3Uri", 7, "S3Input.S3Uri should be a string"),
        (PROCESSING, "ProcessingResources.ClusterConfig.InstanceCount", "1", "be an integer"),
        (PROCESSING, "ProcessingResources.ClusterConfig.InstanceCount", True, "be an integer"),
        (PROCESSING, "Environment", {"A": 1}, "Environment.A should be a string"),
        (TRAINING, "HyperParameters", {"eta": 0.1}, "HyperParameters.eta should be a string"),
        (TRAINING, "OutputDataConfig", {}, "OutputDataConfig.S3OutputPath is missing"),
        (model("S", "s3://b/m"), "PrimaryContainer", "image", "should be a structure"),
    ],
)
def test_arguments_have_the_shape_of_the_services_request(
    item: Json, path: str, value: Any, expected: str
) -> None:
    found = problems(changed(item, path, value), parameters=[parameter("P", "String", "x")])
    assert any(expected in problem for problem in found), found


def test_requests_without_required_members_are_refused() -> None:
    found = problems(step("P", "Processing", {}), step("T", "Training", {}))
    assert {p.split(": ", 1)[1] for p in found} >= {
        "AppSpecification is missing",
        "ProcessingResources is missing",
        "OutputDataConfig is missing",
    }
    assert not any("JobName" in problem for problem in found)


@pytest.mark.parametrize(
    ("item", "member"),
    [
        (true("S"), "CacheConfig"),
        (fail("S"), "CacheConfig"),
        (model("S", "s3://b/m"), "CacheConfig"),
        (register("S", "g", "s3://b/m"), "CacheConfig"),
        (training("S", SCRIPT), "PropertyFiles"),
        (true("S"), "PropertyFiles"),
        (fail("S"), "RetryPolicies"),
    ],
)
def test_members_that_mean_nothing_for_a_type_are_refused(item: Json, member: str) -> None:
    value: Any = {
        "CacheConfig": {"Enabled": True},
        "PropertyFiles": [{"PropertyFileName": "f", "OutputName": "o", "FilePath": "f.json"}],
        "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"]}],
    }[member]
    (problem, *_) = problems(item | {member: value})
    assert problem == f"step 'S': a {item['Type']} step has no {member}"


def test_a_property_file_is_in_an_output() -> None:
    (problem,) = problems(processing("S", CODE, outputs=["o"], files={"File": ("x", "a.json")}))
    assert problem == "step 'S': the property file 'File' is in 'x', which is no output"


def test_steps_that_cannot_be_retried_have_no_policies() -> None:
    policies = [{"ExceptionType": ["Step.THROTTLING"]}]
    assert problems(processing("S", CODE, RetryPolicies=policies)) == []
    assert problems(true("If", RetryPolicies=policies)) == [
        "step 'If': a Condition step has no RetryPolicies"
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], "it has no Conditions"),
        ("Equals", "it has no Conditions"),
        ([compare("Equal", 1, 1)], "'Equal' is not a condition type"),
        ([7], "7 is not a condition type"),
        ([None], "null is not a condition type; there are Equals, "),
        ([compare("Equals", 1, None)], "and its RightValue has null, nothing"),
        ([{"Type": "In", "QueryValue": 1, "Values": [1, [2]]}], "and its Values has [2], a list"),
        ([{"Type": "Equals", "LeftValue": 1}], "the condition Equals has no RightValue"),
        ([{"Type": "In", "QueryValue": 1, "Values": 2}], "the Values of the condition In"),
        ([{"Type": "Not"}], "the condition Not has no Condition"),
        ([{"Type": "Not", "Expression": {}}], "unknown property 'Expression'"),
        ([{"Type": "Not", "Condition": compare("Equal", 1, 1)}], "'Equal' is not a condition type"),
        ([{"Type": "Or", "Conditions": []}], "it has no Conditions"),
        ([{"Type": "Or", "Conditions": [{"Type": "Xor"}]}], "'Xor' is not a condition type"),
    ],
)
def test_conditions_that_cannot_be_decided_are_refused(conditions: Any, expected: str) -> None:
    found = problems(step("If", "Condition", {"Conditions": conditions}))
    assert any(expected in problem for problem in found), found
