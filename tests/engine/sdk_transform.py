"""Builds and runs a pipeline with the SDK's Transformer, and prints what it saw as JSON.

Run by ``test_transform`` in a process of its own: ``python sdk_transform.py <folder>``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sagemaker_local import LocalSession
from sagemaker_local.storage import archive

from engine.conformance import ConformingClient

FOLDER = Path(sys.argv[1])
CAPTURED = "s3://sagemaker-local/captured"
session = LocalSession(FOLDER / "root", preload=("json",))
client = ConformingClient(session.sagemaker_client)
session.sagemaker_client = client
session.boto_session._clients["sagemaker"] = client

from sagemaker.core.shapes import BatchDataCaptureConfig  # noqa: E402
from sagemaker.core.transformer import Transformer  # noqa: E402
from sagemaker.core.workflow.parameters import ParameterString  # noqa: E402
from sagemaker.mlops.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.mlops.workflow.steps import CacheConfig, TransformStep  # noqa: E402
from sagemaker.serve.model_builder import ModelBuilder  # noqa: E402

from engine.definitions import IMAGE  # noqa: E402
from engine.transforms import SERVED, SUM  # noqa: E402


def artifacts() -> str:
    """A model's archive in the bucket."""
    (FOLDER / "model" / "code").mkdir(parents=True)
    (FOLDER / "model" / "factor.txt").write_text("10")
    (FOLDER / "model" / "code" / "inference.py").write_text(SUM)
    archive.pack(FOLDER / "model", FOLDER / "model.tar.gz")
    return str(session.upload_data(FOLDER / "model.tar.gz"))


def build() -> Pipeline:
    """A model, and its predictions for a file."""
    (FOLDER / "test.csv").write_text("a,1,2\nb,3,4\n")
    data = ParameterString("Data", default_value=session.upload_data(FOLDER / "test.csv"))
    builder = ModelBuilder(
        s3_model_data_url=artifacts(),
        image_uri=IMAGE,
        role_arn=session.role,
        sagemaker_session=session,
        env_vars=SERVED,
    )
    create = ModelStep(name="Create", step_args=builder.build())
    transformer = Transformer(
        model_name=create.properties.ModelName,
        instance_count=1,
        instance_type="ml.m5.large",
        strategy="MultiRecord",
        assemble_with="Line",
        accept="text/csv",
        max_concurrent_transforms=2,
        max_payload=1,
        env={"MODE": "batch"},
        tags=[{"Key": "a", "Value": "b"}],
        sagemaker_session=session,
    )
    arguments = transformer.transform(
        data=data,
        content_type="text/csv",
        split_type="Line",
        input_filter="$[1:]",
        join_source="Input",
        output_filter="$[0,-1]",
        model_client_config={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1},
        batch_data_capture_config=BatchDataCaptureConfig(
            destination_s3_uri=CAPTURED, generate_inference_id=True
        ),
    )
    score = TransformStep(
        name="Score",
        step_args=arguments,
        cache_config=CacheConfig(enable_caching=False, expire_after="P1D"),
    )
    return Pipeline(
        name="sdk-transform",
        parameters=[data],
        steps=[create, score],
        sagemaker_session=session,
    )


def main() -> None:
    pipeline = build()
    pipeline.upsert(role_arn=session.role)
    execution = pipeline.start()
    execution.wait(delay=0.05, max_attempts=1000)
    steps = {step["StepName"]: step for step in execution.list_steps()}
    arn = steps["Score"]["Metadata"]["TransformJob"]["Arn"]
    job = client.describe_transform_job(TransformJobName=arn.rsplit("/", 1)[-1])
    output = job["TransformOutput"]["S3OutputPath"]
    seen = {
        "statuses": {name: step["StepStatus"] for name, step in steps.items()},
        "output": output,
        "scores": session.bucket.existing(f"{output}/test.csv.out").read_text(),
        "captured": session.bucket.keys(CAPTURED),
    }
    (FOLDER / "seen.json").write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()
