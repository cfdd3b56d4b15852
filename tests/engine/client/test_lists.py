"""Every list filters and sorts by what its request can say, with the service's own defaults."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import StructureShape
from sagemaker_local.client.client import SageMakerClient

from engine.definitions import IMAGE, Json, definition, package_request, processing, training, true
from engine.local import Local

_MODEL = botocore.session.get_session().get_service_model("sagemaker")
CREATED = ("beta", "alpha", "gamma")  # neither in the order of names nor against it
PLAN = "arn:aws:sagemaker:us-east-1:000000000000:training-plan/p"
DATA = "s3://sagemaker-local/model.tar.gz"


@dataclass(frozen=True)
class Kind:
    """Something that is listed.

    Attributes:
        operation: the List operation.
        summaries: the member of its response.
        name: the member of a summary that names it.
        create: makes one.
        request: what every request of the operation needs.
    """

    operation: str
    summaries: str
    name: str
    create: Callable[[Local, str], Any]
    request: Json

    def names(self, local: Local, **request: Any) -> list[str]:
        call = getattr(local.client, xform_name(self.operation))
        return [item[self.name] for item in call(**self.request, **request)[self.summaries]]

    def created(self, local: Local) -> Local:
        for name in CREATED:
            self.create(local, name)
        return local


def processing_job(local: Local, name: str) -> None:
    local.begin(processing("Job", local.code("pass")), name).wait()


def training_job(local: Local, name: str) -> None:
    local.begin(training("Job", local.channels("pass")), name).wait()


def model(local: Local, name: str, **members: Any) -> None:
    local.client.create_model(ModelName=name, **members)


def group(local: Local, name: str) -> None:
    local.client.create_model_package_group(ModelPackageGroupName=name)


def package(local: Local, name: str) -> None:
    local.client.create_model_package(
        **package_request("group", DATA, ModelPackageDescription=name)
    )


def endpoint_config(local: Local, name: str) -> None:
    if local.store.resource("model", "served") is None:
        model(local, "served", PrimaryContainer={"Image": IMAGE})
    variant = {"VariantName": "v", "ModelName": "served"}
    local.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def pipeline(local: Local, name: str) -> None:
    local.create(definition(true("If")), name)


KINDS = {
    "processing jobs": Kind(
        "ListProcessingJobs", "ProcessingJobSummaries", "ProcessingJobName", processing_job, {}
    ),
    "training jobs": Kind(
        "ListTrainingJobs", "TrainingJobSummaries", "TrainingJobName", training_job, {}
    ),
    "models": Kind("ListModels", "Models", "ModelName", model, {}),
    "groups": Kind(
        "ListModelPackageGroups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", group, {}
    ),
    "packages": Kind(
        "ListModelPackages",
        "ModelPackageSummaryList",
        "ModelPackageDescription",
        package,
        {"ModelPackageGroupName": "group"},
    ),
    "endpoint configurations": Kind(
        "ListEndpointConfigs", "EndpointConfigs", "EndpointConfigName", endpoint_config, {}
    ),
    "pipelines": Kind("ListPipelines", "PipelineSummaries", "PipelineName", pipeline, {}),
}
NAMED = {name: kind for name, kind in KINDS.items() if name != "packages"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(params=NAMED)
def named(request: pytest.FixtureRequest) -> Kind:
    return NAMED[request.param]


def documented(operation: str, member: str, otherwise: str) -> str:
    """The default that the service's reference gives for a member of a List request."""
    shape = _MODEL.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    found = re.search(r"default is <code>(\w+)</code>", shape.members[member].documentation)
    return found[1] if found else otherwise


def test_the_default_order_is_the_references(local: Local, kind: Kind) -> None:
    kind.created(local)
    assert documented(kind.operation, "SortBy", "").startswith("Creat")
    newest_first = documented(kind.operation, "SortOrder", "Descending") == "Descending"
    assert kind.names(local) == list(CREATED[:: -1 if newest_first else 1])


def test_a_request_gives_the_order(local: Local, kind: Kind) -> None:
    kind.created(local)
    by_time = {"SortBy": "CreationTime"}
    assert kind.names(local, **by_time, SortOrder="Ascending") == list(CREATED)
    assert kind.names(local, **by_time, SortOrder="Descending") == list(CREATED[::-1])


def test_names_sort_and_filter(local: Local, named: Kind) -> None:
    named.created(local)
    by_name = {"SortBy": "Name"}
    assert named.names(local, **by_name, SortOrder="Ascending") == sorted(CREATED)
    assert named.names(local, **by_name, SortOrder="Descending") == sorted(CREATED)[::-1]
    if named.operation == "ListPipelines":
        assert named.names(local, PipelineNamePrefix="al") == ["alpha"]
        assert named.names(local, PipelineNamePrefix="pha") == []
    else:
        assert named.names(local, NameContains="pha") == ["alpha"]
        assert named.names(local, NameContains="delta") == []


def test_times_filter(local: Local, kind: Kind) -> None:
    kind.create(local, CREATED[0])
    between = datetime.now(UTC)
    kind.create(local, CREATED[1])
    created = "Created" if kind.operation == "ListPipelines" else "CreationTime"
    assert kind.names(local, **{f"{created}Before": between}) == ["beta"]
    assert kind.names(local, **{f"{created}After": between}) == ["alpha"]
    assert kind.names(local, **{f"{created}After": between, f"{created}Before": between}) == []
    assert kind.names(local, **{f"{created}After": between + timedelta(days=1)}) == []


@pytest.mark.parametrize("spelled", [datetime.isoformat, datetime.timestamp])
def test_boto3_takes_times_as_text_and_seconds_too(
    local: Local, spelled: Callable[[datetime], Any]
) -> None:
    KINDS["models"].create(local, "alpha")
    between = spelled(datetime.now(UTC))
    KINDS["models"].create(local, "beta")
    (found,) = local.plain_client.list_models(CreationTimeAfter=between)["Models"]
    assert found["ModelName"] == "beta"


def test_times_of_changes_filter(local: Local) -> None:
    jobs = KINDS["processing jobs"].created(local)
    ended = local.client.describe_processing_job(ProcessingJobName="alpha")["LastModifiedTime"]
    names = KINDS["processing jobs"].names
    assert names(jobs, LastModifiedTimeBefore=ended) == ["beta"]
    assert names(jobs, LastModifiedTimeAfter=ended) == ["gamma"]


@pytest.mark.parametrize("kind", ["processing jobs", "training jobs"])
def test_statuses_sort_and_filter(local: Local, kind: str) -> None:
    jobs = KINDS[kind]
    make = processing if kind == "processing jobs" else training
    for name, script in (("good", "pass"), ("bad", "import sys; sys.exit(1)"), ("fine", "pass")):
        where: Any = local.code(script) if make is processing else local.channels(script)
        local.begin(make("Job", where), name).wait()
    assert jobs.names(local, StatusEquals="Failed") == ["bad"]
    assert jobs.names(local, StatusEquals="Stopped") == []
    assert jobs.names(local, SortBy="Status", SortOrder="Ascending") == ["good", "fine", "bad"]
    assert jobs.names(local, SortBy="Status", SortOrder="Descending") == ["bad", "fine", "good"]


def test_executions_sort_and_filter(local: Local) -> None:
    runs = [local.run(definition(true("If"))).arn for _ in range(3)]
    list_ = KINDS["pipelines"]
    listed = Kind(
        "ListPipelineExecutions",
        "PipelineExecutionSummaries",
        "PipelineExecutionArn",
        list_.create,
        {"PipelineName": "pipe"},
    )
    assert documented(listed.operation, "SortBy", "") == "CreatedTime"
    assert listed.names(local) == runs[::-1]
    assert listed.names(local, SortOrder="Ascending") == runs
    by_arn = {"SortBy": "PipelineExecutionArn"}
    assert listed.names(local, **by_arn, SortOrder="Ascending") == sorted(runs)
    middle = local.client.describe_pipeline_execution(PipelineExecutionArn=runs[1])["CreationTime"]
    assert listed.names(local, CreatedBefore=middle) == runs[:1]
    assert listed.names(local, CreatedAfter=middle) == runs[2:]


@pytest.mark.parametrize(
    ("name", "filter_", "passes"),
    [
        ("pipelines", {"ManagedBy": "CUSTOMER"}, True),
        ("pipelines", {"ManagedBy": "AWS"}, False),
        ("groups", {"CrossAccountFilterOption": "SameAccount"}, True),
        ("groups", {"CrossAccountFilterOption": "CrossAccount"}, False),
        ("packages", {"ModelPackageType": "Versioned"}, True),
        ("packages", {"ModelPackageType": "Both"}, True),
        ("packages", {"ModelPackageType": "Unversioned"}, False),
        ("packages", {"NameContains": "rou"}, True),
        ("packages", {"NameContains": "alpha"}, False),
        ("training jobs", {"WarmPoolStatusEquals": "InUse"}, False),
        ("training jobs", {"TrainingPlanArnEquals": PLAN}, False),
    ],
)
def test_filters_by_what_all_have_or_none_has(
    local: Local, name: str, filter_: Json, passes: bool
) -> None:
    KINDS[name].create(local, "alpha")
    assert KINDS[name].names(local, **filter_) == (["alpha"] if passes else [])


def test_no_filter_of_a_list_is_overlooked() -> None:
    """A member that this test does not know would let everything pass, and look as if it did."""
    tested = {
        *("SortBy", "SortOrder", "NextToken", "MaxResults", "NameContains", "StatusEquals"),
        *("CreationTimeAfter", "CreationTimeBefore", "CreatedAfter", "CreatedBefore"),
        *("LastModifiedTimeAfter", "LastModifiedTimeBefore", "PipelineNamePrefix"),
        *("ManagedBy", "CrossAccountFilterOption", "ModelPackageType", "WarmPoolStatusEquals"),
        *("PipelineVersionAlias", "ModelApprovalStatus", "TrainingPlanArnEquals"),
    }
    owners = {"ModelPackageGroupName", "PipelineName", "PipelineExecutionArn", "ResourceArn"}
    for name in _MODEL.operation_names:
        if name.startswith("List") and hasattr(SageMakerClient, xform_name(name)):
            shape = _MODEL.operation_model(name).input_shape
            assert isinstance(shape, StructureShape)
            unknown = set(shape.members) - tested - owners
            assert unknown <= {"HyperParameterTuningJobName"}, name


def test_pages_follow_the_order(local: Local) -> None:
    KINDS["groups"].created(local)
    pages = local.client.get_paginator("list_model_package_groups").paginate(
        SortBy="Name", SortOrder="Descending", PaginationConfig={"PageSize": 2}
    )
    found = [
        [group["ModelPackageGroupName"] for group in page["ModelPackageGroupSummaryList"]]
        for page in pages
    ]
    assert found == [["gamma", "beta"], ["alpha"]]
