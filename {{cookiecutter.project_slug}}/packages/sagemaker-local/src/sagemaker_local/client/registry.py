"""The client's methods for model package groups, model packages and models."""

from __future__ import annotations

from sagemaker_local.client.operations import TAGGING, Listing, listed, operation, page, refuse
from sagemaker_local.engine import Engine
from sagemaker_local.errors import client_error, invalid, missing
from sagemaker_local.names import last_part
from sagemaker_local.registry.models import MODEL, create_model
from sagemaker_local.registry.packages import GROUP, NoSuchPackage
from sagemaker_local.registry.sources import with_source
from sagemaker_local.registry.tags import add_tags, forget
from sagemaker_local.storage.store import Document, members_of

_GROUP_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)
_PACKAGE_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
_BATCH_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)
_MODEL_SUMMARY = ("ModelName", "ModelArn", "CreationTime")
_GROUPS = Listing("ModelPackageGroupName", alike={"CrossAccountFilterOption": ("SameAccount",)})
_PACKAGES = Listing("ModelPackageName", alike={"ModelPackageType": ("Versioned", "Both")})
_MODELS = Listing("ModelName", sort_order="Descending")


class RegistryOperations:
    """Model package groups, their packages, and models."""

    engine: Engine

    @operation
    def create_model_package_group(self, request: Document) -> Document:
        refuse(TAGGING, request)
        group = self.engine.registry.create_group(
            request["ModelPackageGroupName"], request.get("ModelPackageGroupDescription")
        )
        if group is None:
            raise invalid(
                f"Model Package Group already exists: {request['ModelPackageGroupName']}",
                "CreateModelPackageGroup",
            )
        add_tags(self.engine.store, group["ModelPackageGroupArn"], request)
        return members_of(group, ("ModelPackageGroupArn",))

    @operation
    def describe_model_package_group(self, request: Document) -> Document:
        group = self.engine.registry.group(last_part(request["ModelPackageGroupName"]))
        return {key: value for key, value in group.items() if key != "LastVersion"}

    @operation
    def list_model_package_groups(self, request: Document) -> Document:
        found = listed(self.engine.store.resources(GROUP), request, _GROUPS)
        groups = [members_of(group, _GROUP_SUMMARY) for group in found]
        return page(groups, request, "ModelPackageGroupSummaryList")

    @operation
    def delete_model_package_group(self, request: Document) -> Document:
        name = last_part(request["ModelPackageGroupName"])
        with self.engine.store.transaction():
            self.engine.registry.group(name)
            if self.engine.registry.packages(name):
                raise client_error(
                    "ConflictException",
                    f"Model Package Group {name} still has model packages; delete them first.",
                    "DeleteModelPackageGroup",
                )
            self.engine.store.delete_resource(GROUP, name)
            forget(self.engine.store, self.engine.arns.model_package_group(name))
        return {}

    @operation
    def create_model_package(self, request: Document) -> Document:
        if "ModelPackageGroupName" not in request:
            raise invalid(
                "A local registry keeps versioned packages: give ModelPackageGroupName.",
                "CreateModelPackage",
            )
        refuse("RegisterModel", request)
        name = last_part(request["ModelPackageGroupName"])
        named = {**request, "ModelPackageGroupName": name}
        package = self.engine.registry.register(with_source(self.engine.store, named))
        add_tags(self.engine.store, package["ModelPackageArn"], request)
        return members_of(package, ("ModelPackageArn",))

    @operation
    def describe_model_package(self, request: Document) -> Document:
        return self.engine.registry.package(request["ModelPackageName"])

    @operation
    def list_model_packages(self, request: Document) -> Document:
        """Those of a group; the list of a group that is not there is empty, as the service's."""
        name = last_part(request.get("ModelPackageGroupName", ""))
        found = listed(self.engine.registry.packages(name), request, _PACKAGES)
        status = request.get("ModelApprovalStatus")
        packages = [
            members_of(package, _PACKAGE_SUMMARY)
            for package in found
            if status in (None, package["ModelApprovalStatus"])
        ]
        return page(packages, request, "ModelPackageSummaryList")

    @operation
    def batch_describe_model_package(self, request: Document) -> Document:
        found: Document = {}
        errors: Document = {}
        for arn in request["ModelPackageArnList"]:
            try:
                found[arn] = members_of(self.engine.registry.package(arn), _BATCH_SUMMARY)
            except NoSuchPackage as error:
                errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": str(error)}
        response = {"ModelPackageSummaries": found}
        return response | ({"BatchDescribeModelPackageErrorMap": errors} if errors else {})

    @operation
    def update_model_package(self, request: Document) -> Document:
        package = self.engine.registry.update(request["ModelPackageArn"], request)
        return members_of(package, ("ModelPackageArn",))

    @operation
    def delete_model_package(self, request: Document) -> Document:
        self.engine.registry.delete(request["ModelPackageName"])
        forget(self.engine.store, request["ModelPackageName"])
        return {}

    @operation
    def create_model(self, request: Document) -> Document:
        refuse("Model", request)
        model = create_model(self.engine.store, self.engine.bucket, self.engine.arns, request)
        add_tags(self.engine.store, model["ModelArn"], request)
        return members_of(model, ("ModelArn",))

    @operation
    def describe_model(self, request: Document) -> Document:
        return self._model(request["ModelName"])

    @operation
    def list_models(self, request: Document) -> Document:
        found = listed(self.engine.store.resources(MODEL), request, _MODELS)
        return page([members_of(model, _MODEL_SUMMARY) for model in found], request, "Models")

    @operation
    def delete_model(self, request: Document) -> Document:
        model = self._model(request["ModelName"])
        self.engine.store.delete_resource(MODEL, request["ModelName"])
        forget(self.engine.store, model["ModelArn"])
        return {}

    def _model(self, name: str) -> Document:
        model = self.engine.store.resource(MODEL, name)
        if model is None:
            raise missing("model", self.engine.arns.model(name))
        return model
