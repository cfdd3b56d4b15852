"""Errors are of boto3's classes, and what the service does not do to executions is not done."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.client.boto import OfflineSession
from sagemaker_local.executions.records import ExecutionRecords

from engine.definitions import definition, fail, processing, training, true
from engine.local import Local


def test_an_error_is_caught_by_the_class_of_its_code(local: Local) -> None:
    exceptions = local.client.exceptions
    with pytest.raises(exceptions.ResourceNotFound, match="does not exist") as caught:
        local.client.describe_pipeline(PipelineName="none")
    assert isinstance(caught.value, ClientError)
    assert not isinstance(caught.value, exceptions.ConflictException)
    assert caught.value.operation_name == "DescribePipeline"
    with pytest.raises(exceptions.ResourceInUse):
        for _ in range(2):
            local.begin(processing("S", local.code("pass")))
    assert exceptions.ClientError is ClientError
    with pytest.raises(AttributeError, match="Valid exceptions are"):
        _ = exceptions.Nonsense


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("sagemaker", "ResourceNotFound"),
        ("logs", "ResourceNotFoundException"),
        ("cloudwatch", "InvalidParameterValueException"),
        ("iam", "NoSuchEntityException"),
        ("sts", "ExpiredTokenException"),
        ("lambda", "ResourceConflictException"),  # one that a local session does not have
    ],
)
def test_clients_of_every_service_have_their_exceptions(
    local: Local, service: str, name: str
) -> None:
    """An ``except`` that names one hides no other error."""
    client = OfflineSession("us-east-1", local.plain_client).client(service)
    assert issubclass(getattr(client.exceptions, name), client.exceptions.ClientError)


def test_an_error_that_the_model_does_not_have_is_a_plain_one(local: Local) -> None:
    with pytest.raises(ClientError) as caught:
        local.client.create_pipeline(
            PipelineName="a.b", PipelineDefinition=definition(true("S")), RoleArn="r" * 20
        )
    assert type(caught.value) is ClientError
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_role_that_is_a_placeholder_hides_no_other_reason(local: Local) -> None:
    role, text = "arn:aws:iam::<account>:role/r", definition(fail("Stop", DependsOn=["Nowhere"]))
    with pytest.raises(ClientError) as caught:
        local.client.create_pipeline(PipelineName="a.b", PipelineDefinition=text, RoleArn=role)
    for told in ("PipelineName is 'a.b'", f"RoleArn is '{role}'", "names 'Nowhere'"):
        assert told in str(caught.value)
    with pytest.raises(ClientError) as caught:
        local.begin(training("T", {"x": "s3://b/x"}), "a_b", RoleArn=role)
    for told in ("TrainingJobName is 'a_b'", f"RoleArn is '{role}'", "it has no script"):
        assert told in str(caught.value)


def test_what_the_service_refuses_at_its_step_is_kept_and_not_started(local: Local) -> None:
    step = processing("S", local.code("pass"))
    step["Arguments"]["ProcessingInputs"] *= 2  # of one name, and one folder
    local.create(definition(step))
    with pytest.raises(ClientError, match=r"have the LocalPath(.|\n)*have the name 'code'"):
        local.client.start_pipeline_execution(PipelineName="pipe")


def test_a_pipeline_that_runs_is_not_deleted_and_one_that_ran_takes_its_executions_with_it(
    local: Local,
) -> None:
    step = processing("S", local.code("import time; time.sleep(60)"))
    run = local.start(definition(step), ClientRequestToken="t" * 32)
    pipeline = {"ResourceArn": local.client.describe_pipeline(PipelineName="pipe")["PipelineArn"]}
    local.client.add_tags(**pipeline, Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(local.client.exceptions.ConflictException, match="that is Executing") as no:
        local.client.delete_pipeline(PipelineName="pipe")
    assert run.arn in str(no.value)
    run.stop()
    run.wait()
    local.client.delete_pipeline(PipelineName="pipe")
    with pytest.raises(local.client.exceptions.ResourceNotFound):
        local.client.describe_pipeline_execution(PipelineExecutionArn=run.arn)
    assert ExecutionRecords(local.store).steps(run.arn) == []
    local.create(definition(true("S")))
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    assert listed["PipelineExecutionSummaries"] == []
    assert "LastRunTime" not in local.client.describe_pipeline(PipelineName="pipe")
    assert local.client.list_tags(**pipeline)["Tags"] == []
    again = local.run(definition(true("S")), ClientRequestToken="t" * 32)
    assert again.statuses == {"S": "Succeeded"}


def test_an_execution_that_a_fail_step_ended_is_not_retried(local: Local) -> None:
    run = local.run(definition(fail("Stop", "not good enough")))
    with pytest.raises(ClientError, match="The Fail step 'Stop' ended the execution") as caught:
        run.retry()
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert run.reason("Stop") == "not good enough"


def test_tags_that_the_service_refuses(local: Local) -> None:
    local.create(definition(true("S")))
    arn = local.client.describe_pipeline(PipelineName="pipe")["PipelineArn"]
    own = {"Key": "AWS:x", "Value": "1"}
    for call, request in (
        (local.client.add_tags, {"ResourceArn": arn}),
        (local.client.create_model_package_group, {"ModelPackageGroupName": "g"}),
    ):
        with pytest.raises(ClientError, match="'AWS:x', and keys that begin with aws:"):
            call(**request, Tags=[own])
    local.client.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
    with pytest.raises(ClientError, match="at most 50 tags"):
        local.client.add_tags(ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])
