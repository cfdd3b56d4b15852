"""The client's methods for pipelines."""

from __future__ import annotations

from sagemaker_local.client.operations import (
    TAGGING,
    Listing,
    asking,
    listed,
    operation,
    page,
    refuse,
)
from sagemaker_local.engine import Engine
from sagemaker_local.errors import NotFoundError, client_error, invalid
from sagemaker_local.executions.executions import Executions
from sagemaker_local.executions.records import RUNNING
from sagemaker_local.names import last_part
from sagemaker_local.registry.pipeline_versions import (
    PIPELINE,
    VERSION,
    PipelineVersions,
    summary,
)
from sagemaker_local.registry.tags import add_tags, forget
from sagemaker_local.storage.store import Document, Store, members_of, now

# The service's reference gives no direction; it answers with the newest first.
_PIPELINES = Listing("PipelineName", sort_order="Descending", alike={"ManagedBy": ("CUSTOMER",)})
_NUMBER = ("PipelineVersionId",)
_VERSIONS = Listing("PipelineVersionId", sort_order="Descending")


class PipelineOperations:
    """Pipelines and their versions: create, update, describe, delete, list."""

    engine: Engine
    executions: Executions

    @property
    def _versions(self) -> PipelineVersions:
        return PipelineVersions(self.engine.store)

    @asking(lambda self, request: self._definition_text(request, "CreatePipeline"))
    def create_pipeline(self, request: Document) -> Document:
        name = request["PipelineName"]
        refuse(TAGGING, request)
        definition = self._definition_text(request, "CreatePipeline")
        created = now()
        document = {
            "PipelineArn": self.engine.arns.pipeline(name),
            "PipelineName": name,
            "PipelineDisplayName": request.get("PipelineDisplayName", name),
            "PipelineDefinition": definition,
            "RoleArn": request["RoleArn"],
            "PipelineStatus": "Active",
            "CreationTime": created,
            "LastModifiedTime": created,
            VERSION: self._versions.first(request),
            **members_of(request, ("PipelineDescription", "ParallelismConfiguration")),
        }
        if not self.engine.store.add_resource(PIPELINE, name, document):
            raise invalid(
                f"Pipeline names must be unique within an AWS account and region. Pipeline with "
                f"name ({name}) already exists.",
                "CreatePipeline",
            )
        add_tags(self.engine.store, document["PipelineArn"], request)
        return {"PipelineArn": document["PipelineArn"]}

    @asking(lambda self, request: self._new_definition(request))
    def update_pipeline(self, request: Document) -> Document:
        definition = self._new_definition(request)
        with self.engine.store.transaction():
            pipeline = pipeline_named(self.engine.store, request["PipelineName"])
            changes = members_of(
                request,
                (
                    *("PipelineDisplayName", "PipelineDescription"),
                    *("RoleArn", "ParallelismConfiguration"),
                ),
            )
            current = definition or pipeline["PipelineDefinition"]
            changes |= self._versions.advance(pipeline, current, request)
            pipeline |= {**changes, "LastModifiedTime": now()}
            self.engine.store.update_resource(PIPELINE, pipeline["PipelineName"], pipeline)
        newest = self._versions.wanted(pipeline, {})
        return {**members_of(pipeline, ("PipelineArn",)), **members_of(newest, _NUMBER)}

    @operation
    def describe_pipeline(self, request: Document) -> Document:
        pipeline = pipeline_named(self.engine.store, request["PipelineName"])
        version = self._versions.wanted(pipeline, request)
        executions = self.executions.records.of_pipeline(pipeline["PipelineName"], most=1)
        if executions:
            pipeline["LastRunTime"] = executions[0].document["CreationTime"]
        pipeline.pop(VERSION, None)
        return {**pipeline, **members_of(version, ("PipelineDefinition",)), **summary(version)}

    @operation
    def list_pipeline_versions(self, request: Document) -> Document:
        pipeline = pipeline_named(self.engine.store, request["PipelineName"])
        last: dict[int, str] = {}
        for execution in self.executions.of_pipeline(pipeline["PipelineName"]):
            last.setdefault(execution.document.get("PipelineVersionId", 1), execution.arn)
        found = listed(self._versions.all(pipeline), request, _VERSIONS)
        summaries = [_version_summary(pipeline, version, last) for version in found]
        return page(summaries, request, "PipelineVersionSummaries")

    @operation
    def update_pipeline_version(self, request: Document) -> Document:
        with self.engine.store.transaction():
            pipeline = pipeline_named(self.engine.store, request["PipelineArn"])
            self._versions.change(pipeline, request)
        return members_of(request, ("PipelineArn", *_NUMBER))

    @operation
    def delete_pipeline(self, request: Document) -> Document:
        """Its executions are deleted with it, as on the service."""
        pipeline = pipeline_named(self.engine.store, request["PipelineName"])
        name = pipeline["PipelineName"]
        with self.engine.store.transaction():
            running = [item for item in self.executions.of_pipeline(name) if item.status in RUNNING]
            if running:
                raise client_error(
                    "ConflictException",
                    f"The pipeline {name!r} has an execution that is {running[0].status}, "
                    f"{running[0].arn}; stop it, or wait for its end, and delete then.",
                    "DeletePipeline",
                )
            self.executions.delete_of(name)
            self._versions.delete_of(name)
            self.engine.store.delete_resource(PIPELINE, name)
            forget(self.engine.store, pipeline["PipelineArn"])
        return {"PipelineArn": pipeline["PipelineArn"]}

    @operation
    def list_pipelines(self, request: Document) -> Document:
        members = (
            "PipelineArn",
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "CreationTime",
            "LastModifiedTime",
        )
        found = listed(self.engine.store.resources(PIPELINE), request, _PIPELINES)
        summaries = [members_of(pipeline, members) for pipeline in found]
        return page(summaries, request, "PipelineSummaries")

    def _new_definition(self, request: Document) -> str:
        if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
            return self._definition_text(request, "UpdatePipeline")
        return ""

    def _definition_text(self, request: Document, name: str) -> str:
        """The request's definition, which must be one that can run here.

        Raises:
            DefinitionError: with every reason why it cannot.
        """
        location = request.get("PipelineDefinitionS3Location")
        if location:
            file = self.engine.bucket.existing(f"s3://{location['Bucket']}/{location['ObjectKey']}")
            text = file.read_text(encoding="utf-8")
        elif "PipelineDefinition" in request:
            text = request["PipelineDefinition"]
        else:
            raise invalid("Either PipelineDefinition or its S3 location must be given.", name)
        self.executions.check(text)
        return text


def pipeline_named(store: Store, name_or_arn: str) -> Document:
    """A stored pipeline.

    Raises:
        NotFoundError: there is none of this name.
    """
    name = last_part(name_or_arn)
    document = store.resource(PIPELINE, name)
    if document is None:
        raise NotFoundError(f"Pipeline '{name}' does not exist.")
    return document


def _version_summary(pipeline: Document, version: Document, last: dict[int, str]) -> Document:
    found = {
        **members_of(pipeline, ("PipelineArn",)),
        **members_of(version, (*_NUMBER, "CreationTime")),
        **summary(version),
    }
    execution = last.get(version["PipelineVersionId"])
    return {**found, "LastExecutionPipelineExecutionArn": execution} if execution else found
