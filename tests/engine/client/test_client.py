"""The client answers as boto3's does, and the test of that bites."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, OperationNotPageableError, ParamValidationError

from engine.conformance import ConformingClient, check_shape
from engine.definitions import ROLE, definition, fail, parameter, processing, step, true
from engine.local import ARNS, Local

GOOD = definition(true("If"))


def created(local: Local, name: str, **members: Any) -> str:
    response = local.client.create_pipeline(
        PipelineName=name, PipelineDefinition=GOOD, RoleArn=ROLE, **members
    )
    arn: str = response["PipelineArn"]
    return arn


def error_code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_pipelines_are_created_described_updated_and_deleted(local: Local) -> None:
    arn = created(local, "p", PipelineDescription="words", PipelineDisplayName="Name")
    pipeline = local.client.describe_pipeline(PipelineName="p")
    assert pipeline["PipelineArn"] == arn
    assert pipeline["PipelineDefinition"] == GOOD
    assert pipeline["PipelineStatus"] == "Active"
    assert (pipeline["PipelineDescription"], pipeline["PipelineDisplayName"]) == ("words", "Name")
    assert "LastRunTime" not in pipeline
    other = definition(true("Other"))
    local.client.update_pipeline(PipelineName="p", PipelineDefinition=other)
    pipeline = local.client.describe_pipeline(PipelineName=arn)
    assert pipeline["PipelineDefinition"] == other
    assert pipeline["PipelineDescription"] == "words"
    assert pipeline["LastModifiedTime"] > pipeline["CreationTime"]
    assert local.client.delete_pipeline(PipelineName="p")["PipelineArn"] == arn
    for call in (local.client.describe_pipeline, local.client.delete_pipeline):
        with pytest.raises(ClientError, match="does not exist") as caught:
            call(PipelineName="p")
        assert error_code(caught) == "ResourceNotFound"


def test_a_taken_name_is_refused_in_the_words_that_the_sdk_looks_for(local: Local) -> None:
    created(local, "p")
    with pytest.raises(ClientError, match="Pipeline names must be unique within") as caught:
        created(local, "p")
    assert error_code(caught) == "ValidationException"


def test_a_definition_that_cannot_run_is_refused_with_all_reasons(local: Local) -> None:
    bad = definition(step("Tune", "Tuning", {}), fail("Stop", DependsOn=["No"]))
    request = {"PipelineName": "p", "PipelineDefinition": bad, "RoleArn": ROLE}
    with pytest.raises(ClientError, match=r"(?s)for 2 reasons.*'Tune'.*'Stop'") as caught:
        local.client.create_pipeline(**request)
    assert error_code(caught) == "ValidationException"
    assert local.client.list_pipelines()["PipelineSummaries"] == []
    created(local, "p")
    with pytest.raises(ClientError, match="Tuning"):
        local.client.update_pipeline(**request)
    assert local.client.describe_pipeline(PipelineName="p")["PipelineDefinition"] == GOOD


def test_a_definition_may_lie_in_the_bucket(local: Local) -> None:
    local.put(GOOD, "definitions/p.json")
    location = {"Bucket": "sagemaker-local", "ObjectKey": "definitions/p.json"}
    local.client.create_pipeline(
        PipelineName="p", PipelineDefinitionS3Location=location, RoleArn=ROLE
    )
    assert local.client.describe_pipeline(PipelineName="p")["PipelineDefinition"] == GOOD
    missing = location | {"ObjectKey": "no.json"}
    with pytest.raises(ClientError, match="There is nothing at"):
        local.client.update_pipeline(PipelineName="p", PipelineDefinitionS3Location=missing)
    with pytest.raises(ClientError, match="must be given"):
        local.client.create_pipeline(PipelineName="q", RoleArn=ROLE)


@pytest.mark.parametrize("name", ["a b", "a/b", "-a", "ä", "a" * 257, "../a"])
def test_pipeline_names_are_those_of_the_service(local: Local, name: str) -> None:
    with pytest.raises(ClientError, match="PipelineName") as caught:
        created(local, name)
    assert error_code(caught) == "ValidationException"


def test_requests_are_validated_before_anything_happens(local: Local) -> None:
    for request in (
        {},
        {"PipelineName": 7},
        {"PipelineName": "p", "Surprise": 1},
        {"PipelineName": ""},
    ):
        with pytest.raises(ParamValidationError):
            local.client.describe_pipeline(**request)
    with pytest.raises(ClientError, match="SortOrder"):
        local.client.list_pipelines(SortOrder="Up")


def test_lists_filter_sort_and_give_pages(local: Local) -> None:
    names = [f"p{index}" for index in range(5)]
    for name in (*names, "other"):
        created(local, name)
    pages = []
    request: dict[str, Any] = {"PipelineNamePrefix": "p", "MaxResults": 2}
    while True:
        response = local.client.list_pipelines(**request)
        pages.append([item["PipelineName"] for item in response["PipelineSummaries"]])
        if "NextToken" not in response:
            break
        request["NextToken"] = response["NextToken"]
    assert pages == [["p4", "p3"], ["p2", "p1"], ["p0"]]
    paginator = local.client.get_paginator("list_pipelines")
    config = {"PageSize": 2}
    found = paginator.paginate(SortOrder="Ascending", PaginationConfig=config).build_full_result()
    assert [item["PipelineName"] for item in found["PipelineSummaries"]] == [*names, "other"]


def test_a_token_that_nobody_gave_is_refused(local: Local) -> None:
    with pytest.raises(ClientError, match="NextToken") as caught:
        local.client.list_pipelines(NextToken="x")
    assert error_code(caught) == "ValidationException"


def test_paginators_are_boto3s(local: Local) -> None:
    assert local.client.can_paginate("list_pipelines")
    assert local.client.can_paginate("list_pipeline_execution_steps")
    assert not local.client.can_paginate("describe_pipeline")
    assert not local.client.can_paginate("list_workteams")
    with pytest.raises(OperationNotPageableError):
        local.client.get_paginator("describe_pipeline")


def test_an_operation_that_is_not_there_says_so(local: Local) -> None:
    with pytest.raises(AttributeError, match=r"has no create_notebook_instance\(\)"):
        local.client.create_notebook_instance()
    assert not hasattr(local.client, "_private")


def test_every_execution_of_a_pipeline_is_listed(local: Local) -> None:
    runs = [local.run(GOOD) for _ in range(3)]
    local.run(GOOD, name="other")
    for name in ("pipe", ARNS.pipeline("pipe")):
        listed = local.client.list_pipeline_executions(PipelineName=name)
        arns = [item["PipelineExecutionArn"] for item in listed["PipelineExecutionSummaries"]]
        assert arns == [run.arn for run in reversed(runs)]
    last = local.client.describe_pipeline(PipelineName="pipe")["LastRunTime"]
    assert last == runs[-1].described["CreationTime"]


def test_parameters_of_an_execution(local: Local) -> None:
    text = definition(
        true("If"), parameters=[parameter("A", "Integer", 1), parameter("B", "String")]
    )
    run = local.run(text, {"B": "x"})
    listed = local.client.list_pipeline_parameters_for_execution(PipelineExecutionArn=run.arn)
    assert {"Name": "B", "Value": "x"} in listed["PipelineParameters"]
    local.create(GOOD)
    kept = local.client.describe_pipeline_definition_for_execution(PipelineExecutionArn=run.arn)
    assert kept["PipelineDefinition"] == text


def test_a_start_with_wrong_parameters_starts_nothing(local: Local) -> None:
    text = definition(
        true("If"), parameters=[parameter("Rows", "Integer", 1), parameter("Path", "String")]
    )
    with pytest.raises(ClientError, match=r"(?s)for 3 reasons.*mean 'Rows'.*'many'.*'Path'"):
        local.start(text, {"Rws": "1", "Rows": "many"})
    executions = local.client.list_pipeline_executions(PipelineName="pipe")
    assert executions["PipelineExecutionSummaries"] == []


def test_a_start_is_described_in_its_own_words(local: Local) -> None:
    local.create(GOOD)
    arn = local.client.start_pipeline_execution(
        PipelineName="pipe",
        PipelineExecutionDisplayName="my-run",
        PipelineExecutionDescription="words",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 2},
    )["PipelineExecutionArn"]
    described = local.client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["PipelineExecutionDisplayName"] == "my-run"
    assert described["PipelineExecutionDescription"] == "words"
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}
    names = {"PipelineExecutionDisplayName": "other", "PipelineExecutionDescription": "more"}
    local.client.update_pipeline_execution(PipelineExecutionArn=arn, **names)
    described = local.client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described | names == described


def test_executions_and_jobs_that_are_not_there(local: Local) -> None:
    arn = ARNS.execution("p", "abcdefghijkl")
    for name in (
        "describe_pipeline_execution",
        "list_pipeline_execution_steps",
        "list_pipeline_parameters_for_execution",
        "describe_pipeline_definition_for_execution",
        "update_pipeline_execution",
    ):
        with pytest.raises(ClientError, match="does not exist") as caught:
            getattr(local.client, name)(PipelineExecutionArn=arn)
        assert error_code(caught) == "ResourceNotFound"
    for call, request in (
        (local.client.describe_hyper_parameter_tuning_job, {"HyperParameterTuningJobName": "j"}),
        (local.client.start_pipeline_execution, {"PipelineName": "none"}),
        (local.client.list_pipeline_executions, {"PipelineName": "none"}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**request)
        assert error_code(caught) == "ResourceNotFound"


def test_jobs_are_listed(local: Local) -> None:
    local.run(definition(processing("A", local.code("pass")), processing("B", local.code(" "))))
    listed = local.client.list_processing_jobs(NameContains="-A-", StatusEquals="Completed")
    (job,) = listed["ProcessingJobSummaries"]
    assert "-A-" in job["ProcessingJobName"]
    assert local.client.list_training_jobs()["TrainingJobSummaries"] == []


def test_tags(local: Local) -> None:
    arn = created(local, "p")
    assert local.client.list_tags(ResourceArn=arn)["Tags"] == []
    local.client.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    added = local.client.add_tags(
        ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    )
    assert added["Tags"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    local.client.delete_tags(ResourceArn=arn, TagKeys=["a", "unknown"])
    assert local.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "3"}]


def test_tags_given_at_creation_are_there(local: Local) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    group = local.client.create_model_package_group(ModelPackageGroupName="g", Tags=tags)
    model = local.client.create_model(ModelName="m", Tags=tags)
    for arn in (
        created(local, "p", Tags=tags),
        group["ModelPackageGroupArn"],
        model["ModelArn"],
    ):
        assert local.client.list_tags(ResourceArn=arn)["Tags"] == tags


def test_an_answer_is_the_callers_to_change(local: Local) -> None:
    created(local, "p")
    local.client.describe_pipeline(PipelineName="p")["PipelineName"] = "changed"
    assert local.client.describe_pipeline(PipelineName="p")["PipelineName"] == "p"


NOW = datetime.now(UTC)
SUMMARY = {"StepName": "S", "StepStatus": "Succeeded", "StartTime": NOW}


@pytest.mark.parametrize(
    "answer",
    [
        SUMMARY | {"StepStatus": "Skipped"},
        SUMMARY | {"StartTime": NOW.timestamp()},
        SUMMARY | {"StartTime": NOW.replace(tzinfo=None)},
        SUMMARY | {"EndTime": None},
        SUMMARY | {"StepName": "a b"},
        SUMMARY | {"StepName": "x" * 65},
        SUMMARY | {"AttemptCount": True},
        SUMMARY | {"AttemptCount": "1"},
        SUMMARY | {"FailureReason": "x" * 1025},
        SUMMARY | {"Metadata": {"Condition": {"Outcome": True}}},
        SUMMARY | {"Metadata": {"Condition": {"Outcome": "true"}}},
        SUMMARY | {"Metadata": {"ProcessingJob": {"ARN": ARNS.job("processing-job", "j")}}},
        SUMMARY | {"Metadata": {"ProcessingJob": {"Arn": "arn"}}},
        SUMMARY | {"Surprise": 1},
    ],
    ids=lambda answer: str(sorted(answer)),
)
def test_the_check_of_answers_bites(answer: dict[str, Any]) -> None:
    check_shape("PipelineExecutionStep", SUMMARY)
    with pytest.raises(AssertionError):
        check_shape("PipelineExecutionStep", answer)


class WrongClient:
    """Accepts anything, and answers with what a test gives it."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def describe_model(self, **_: Any) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer | {"ResponseMetadata": {"HTTPStatusCode": 200}}


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        ({}, {"ModelName": "m"}),
        ({"ModelName": "m", "ModelArn": ARNS.model("m"), "CreationTime": NOW}, {}),
        ({"ModelName": "m", "ModelArn": ARNS.model("m"), "CreationTime": NOW}, {"ModelName": "/"}),
        (
            ClientError({"Error": {"Code": "Odd", "Message": "m"}}, "DescribeModel"),
            {"ModelName": "m"},
        ),
    ],
    ids=["answer", "missing", "pattern", "code"],
)
def test_the_check_of_calls_bites(answer: Any, request_: dict[str, Any]) -> None:
    client = ConformingClient(cast(Any, WrongClient(answer)))
    with pytest.raises(AssertionError):
        client.describe_model(**request_)


def test_an_execution_tells_of_mlflow_what_its_definition_and_start_say(local: Local) -> None:
    arn = "arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/mine"
    config = {"MlflowResourceArn": arn, "MlflowExperimentName": "usual"}
    text = definition(true("If"), MlflowConfig=config)
    assert local.run(text).described["MLflowConfig"] == config
    other = local.run(text, MlflowExperimentName="other")
    assert other.described["MLflowConfig"] == {**config, "MlflowExperimentName": "other"}
    none = local.run(definition(true("If"), MlflowConfig=None), MlflowExperimentName="other")
    assert "MLflowConfig" not in none.described
