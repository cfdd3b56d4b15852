"""Settings of a definition, or of the start of an execution, as a whole."""

from __future__ import annotations

from sagemaker_local.definition.support import Support

SETTINGS = {
    "Parameters": Support.RUN,
    "ParallelismConfiguration": Support.RUN,
    "SelectiveExecutionConfig": Support.RUN,
    "ClientRequestToken": Support.RUN,
    "PipelineExecutionDisplayName": Support.RUN,
    "PipelineExecutionDescription": Support.RUN,
    "PipelineExperimentConfig": Support.IGNORED,
    "MlflowConfig": Support.IGNORED,
    "MlflowExperimentName": Support.IGNORED,
    "RoleArn": Support.IGNORED,
    "PipelineVersionId": Support.RUN,
    "PipelineVersionAlias": Support.RUN,
}
