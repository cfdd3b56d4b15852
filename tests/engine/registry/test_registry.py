"""Groups, versions and approval."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from engine.conformance import check_shape
from engine.definitions import ROLE, definition, package_request, register
from engine.local import ARNS, Local

DATA = "s3://sagemaker-local/model.tar.gz"


def registered(local: Local, group: str = "g", **members: Any) -> str:
    request = package_request(group, DATA, **members)
    arn: str = local.client.create_model_package(**request)["ModelPackageArn"]
    return arn


def summaries(local: Local, **request: Any) -> list[dict[str, Any]]:
    found = local.client.list_model_packages(ModelPackageGroupName="g", **request)
    packages: list[dict[str, Any]] = found["ModelPackageSummaryList"]
    return packages


def versions(local: Local, **request: Any) -> list[int]:
    return [package["ModelPackageVersion"] for package in summaries(local, **request)]


def test_versions_count_up_and_the_group_comes_by_itself(local: Local) -> None:
    assert registered(local) == ARNS.model_package("g", 1)
    assert registered(local) == ARNS.model_package("g", 2)
    assert registered(local, "other") == ARNS.model_package("other", 1)
    groups = local.client.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["g", "other"]
    assert versions(local) == [1, 2]
    assert versions(local, SortOrder="Descending") == [2, 1]


def test_a_package_is_described_as_it_was_registered(local: Local) -> None:
    arn = registered(
        local,
        CustomerMetadataProperties={"r2": "0.9"},
        ModelPackageDescription="words",
        ModelMetrics={
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/e.json"}
            }
        },
    )
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert package["ModelPackageArn"] == arn
    assert package["ModelPackageGroupName"] == "g"
    assert package["ModelPackageVersion"] == 1
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["ModelPackageStatus"] == "Completed"
    assert package["CustomerMetadataProperties"] == {"r2": "0.9"}
    assert package["ModelPackageDescription"] == "words"
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == DATA


def test_of_two_updates_at_once_none_is_lost(local: Local) -> None:
    """Each writes the whole package; the later one must have read what the earlier one wrote."""
    arn = registered(local)
    approve = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
    local.meanwhile(lambda: local.other().client.update_model_package(**approve))
    local.client.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"a": "1"})
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["CustomerMetadataProperties"] == {"a": "1"}


def test_of_two_that_tag_at_once_none_is_lost(local: Local) -> None:
    registered(local)
    arn = ARNS.model_package_group("g")
    first, second = ({"Key": key, "Value": "1"} for key in "ab")
    local.meanwhile(lambda: local.other().client.add_tags(ResourceArn=arn, Tags=[first]))
    local.client.add_tags(ResourceArn=arn, Tags=[second])
    assert local.client.list_tags(ResourceArn=arn)["Tags"] == [first, second]


def test_approval_and_metadata_are_updated(local: Local) -> None:
    arn = registered(local, CustomerMetadataProperties={"a": "1", "b": "2"})
    local.client.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looks well",
        CustomerMetadataProperties={"b": "3", "c": "4"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "looks well"
    assert package["CustomerMetadataProperties"] == {"b": "3", "c": "4"}
    assert package["LastModifiedTime"] > package["CreationTime"]
    local.client.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"d": "5"})
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert package["CustomerMetadataProperties"] == {"b": "3", "c": "4", "d": "5"}
    assert package["ModelApprovalStatus"] == "Approved"


def test_the_champion_is_the_highest_approved_version(local: Local) -> None:
    for status in ("Approved", "Rejected", "Approved", "PendingManualApproval"):
        registered(local, status=status)
    descending = {"SortOrder": "Descending"}
    assert versions(local, ModelApprovalStatus="Approved", **descending) == [3, 1]
    assert versions(local, ModelApprovalStatus="Rejected") == [2]


@pytest.mark.parametrize("status", ["Aproved", "approved", ""])
def test_an_approval_status_that_does_not_exist_is_refused(local: Local, status: str) -> None:
    arn = registered(local)
    with pytest.raises(ClientError, match=r"ValidationException.*ModelApprovalStatus"):
        local.client.create_model_package(**package_request("g", DATA, ModelApprovalStatus=status))
    with pytest.raises(ClientError, match=r"ValidationException.*ModelApprovalStatus"):
        local.client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)
    assert versions(local) == [1]
    assert summaries(local)[0]["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_change_of_status_is_seen_wherever_the_package_is(local: Local) -> None:
    arn = registered(local)
    before = local.client.describe_model_package(ModelPackageName=arn)
    changes = [("Approved", "better than the champion"), ("Rejected", "it drifts")]
    for status, why in changes:
        local.client.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why
        )
        package = local.client.describe_model_package(ModelPackageName=arn)
        assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == (status, why)
        assert package["LastModifiedTime"] > before["LastModifiedTime"]
        assert package["CreationTime"] == before["CreationTime"]
        assert summaries(local)[0]["ModelApprovalStatus"] == status
        batch = local.client.batch_describe_model_package(ModelPackageArnList=[arn])
        assert batch["ModelPackageSummaries"][arn]["ModelApprovalStatus"] == status
        before = package


def test_what_a_package_says_about_itself_is_updated(local: Local) -> None:
    arn = registered(local)
    package = local.client.describe_model_package(ModelPackageName=arn)
    container = {"Image": "image", "ModelDataUrl": "s3://b/other.tar.gz"}
    changes = {
        "SourceUri": "s3://b/x",
        "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
        "InferenceSpecification": package["InferenceSpecification"] | {"Containers": [container]},
    }
    local.client.update_model_package(ModelPackageArn=arn, **changes)
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert {member: package[member] for member in changes} == changes
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert summaries(local)[0]["ModelLifeCycle"] == changes["ModelLifeCycle"]
    for name in ("gpu", "arm"):
        specification = {"Name": name, "Containers": [container]}
        local.client.update_model_package(
            ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[specification]
        )
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert [s["Name"] for s in package["AdditionalInferenceSpecifications"]] == ["gpu", "arm"]


def test_several_packages_are_described_at_once(local: Local) -> None:
    arns = [registered(local), registered(local)]
    missing = ARNS.model_package("g", 7)
    answer = local.client.batch_describe_model_package(ModelPackageArnList=[*arns, missing])
    found = answer["ModelPackageSummaries"]
    assert [found[arn]["ModelPackageVersion"] for arn in arns] == [1, 2]
    assert set(found) == set(arns)
    assert found[arns[0]]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == DATA
    assert "does not exist" in answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorResponse"]
    answer = local.client.batch_describe_model_package(ModelPackageArnList=arns)
    assert "BatchDescribeModelPackageErrorMap" not in answer


def test_versions_of_deleted_packages_are_not_given_again(local: Local) -> None:
    registered(local)
    last = registered(local)
    local.client.delete_model_package(ModelPackageName=last)
    assert versions(local) == [1]
    assert registered(local) == ARNS.model_package("g", 3)


def test_a_group_is_deleted_only_when_it_is_empty(local: Local) -> None:
    arn = registered(local)
    with pytest.raises(ClientError, match=r"ConflictException.*still has model packages"):
        local.client.delete_model_package_group(ModelPackageGroupName="g")
    local.client.delete_model_package(ModelPackageName=arn)
    local.client.delete_model_package_group(ModelPackageGroupName="g")
    with pytest.raises(ClientError, match="does not exist"):
        local.client.describe_model_package_group(ModelPackageGroupName="g")


def test_groups_are_created_once_and_described(local: Local) -> None:
    request = {"ModelPackageGroupName": "g", "ModelPackageGroupDescription": "words"}
    arn = local.client.create_model_package_group(**request)["ModelPackageGroupArn"]
    assert arn == ARNS.model_package_group("g")
    with pytest.raises(ClientError, match="already exists"):
        local.client.create_model_package_group(**request)
    for name in ("g", arn):
        group = local.client.describe_model_package_group(ModelPackageGroupName=name)
        assert group["ModelPackageGroupDescription"] == "words"
    assert registered(local, arn) == ARNS.model_package("g", 1)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "x" * 64, "-a", "ä"])
def test_group_names_are_those_of_the_service(local: Local, name: str) -> None:
    with pytest.raises(Exception, match=r"ModelPackageGroupName"):
        local.client.create_model_package_group(ModelPackageGroupName=name)
    assert not local.client.list_model_package_groups()["ModelPackageGroupSummaryList"]


@pytest.mark.parametrize("name", ["g/1", "g", ARNS.model_package("g", 7)])
def test_a_package_that_is_not_there_is_an_error(local: Local, name: str) -> None:
    for call in (local.client.describe_model_package, local.client.delete_model_package):
        with pytest.raises(ClientError, match="does not exist"):
            call(ModelPackageName=name)


def test_models_are_created_listed_and_deleted(local: Local) -> None:
    local.put("x", "model.tar.gz")
    container = {"Image": "image", "ModelDataUrl": DATA}
    request = {
        "ModelName": "m",
        "PrimaryContainer": container,
        "ExecutionRoleArn": ARNS.role,
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert local.client.create_model(**request)["ModelArn"] == ARNS.model("m")
    with pytest.raises(ClientError, match="already existing"):
        local.client.create_model(**request)
    assert local.client.describe_model(ModelName="m")["PrimaryContainer"] == container
    listed = local.client.list_models(NameContains="m")["Models"]
    assert [item["ModelName"] for item in listed] == ["m"]
    local.client.delete_model(ModelName="m")
    for call in (local.client.describe_model, local.client.delete_model):
        with pytest.raises(ClientError, match="Could not find model"):
            call(ModelName="m")


def test_a_model_needs_its_artifact(local: Local) -> None:
    container = {"Image": "image", "ModelDataUrl": "s3://sagemaker-local/absent.tar.gz"}
    with pytest.raises(ClientError, match="There is nothing at"):
        local.client.create_model(ModelName="m", PrimaryContainer=container)
    assert not local.client.list_models()["Models"]


def test_arns_of_packages_and_groups_conform(local: Local) -> None:
    check_shape("ModelPackageArn", registered(local))


def test_a_step_says_whether_its_package_is_logged_or_registered(local: Local) -> None:
    item = register("Register", "g", DATA)
    item["Arguments"]["ModelPackageRegistrationType"] = "Logged"
    run = local.run(definition(item))
    package = local.client.describe_model_package(ModelPackageName=run.arn_of("Register"))
    assert package["ModelPackageRegistrationType"] == "Logged"


def test_the_list_of_a_group_that_is_not_there_is_empty(local: Local) -> None:
    assert summaries(local) == []
    with pytest.raises(ClientError, match="does not exist"):
        local.client.describe_model_package_group(ModelPackageGroupName="g")


def test_a_model_cards_status_changes_without_its_content(local: Local) -> None:
    card = {"ModelCardContent": '{"model_overview": {}}', "ModelCardStatus": "Draft"}
    arn = registered(local, ModelCard=card)
    changed = {"ModelCardStatus": "PendingReview"}
    local.client.update_model_package(ModelPackageArn=arn, ModelCard=changed)
    package = local.client.describe_model_package(ModelPackageName=arn)
    assert package["ModelCard"] == card | changed


def test_a_package_is_made_of_its_source(local: Local) -> None:
    """A package or a model gives its specification; another URI is only told."""
    local.put("m", "model.tar.gz")
    first = local.client.describe_model_package(ModelPackageName=registered(local))
    container = {"Image": "image", "ModelDataUrl": DATA, "Environment": {"a": "b"}}
    model = local.client.create_model(
        ModelName="m",
        PrimaryContainer={**container, "ContainerHostname": "h", "Mode": "SingleModel"},
        ExecutionRoleArn=ROLE,
    )["ModelArn"]

    def made(source: str) -> Any:
        request = {"ModelPackageGroupName": "g", "SourceUri": source}
        arn = local.client.create_model_package(**request)["ModelPackageArn"]
        package = local.client.describe_model_package(ModelPackageName=arn)
        assert package["SourceUri"] == source
        return package.get("InferenceSpecification")

    assert made(first["ModelPackageArn"]) == first["InferenceSpecification"]
    assert made(model) == {"Containers": [{**container, "ContainerHostname": "h"}]}
    assert made("s3://anywhere/at-all") is None
    for missing in (ARNS.model_package("g", 99), ARNS.model("other")):
        with pytest.raises(ClientError, match=r"does not exist|not there"):
            made(missing)
