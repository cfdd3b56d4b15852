"""Drives endpoints by the SDK's own objects on a LocalJobSession, and keeps what it saw as JSON.

Run by ``test_endpoints`` in a process of its own, which has no AWS variables and no network:
``python sdk_endpoints_program.py <folder>``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {}

from sagemaker_local import LocalJobSession  # noqa: E402
from sagemaker_local.storage import archive  # noqa: E402

session = LocalJobSession(FOLDER / "root", preload=("json",))

from sagemaker.core.resources import Endpoint, EndpointConfig, Model  # noqa: E402
from sagemaker.core.shapes import (  # noqa: E402
    ContainerDefinition,
    DesiredWeightAndCapacity,
    ProductionVariant,
)
from sagemaker.serve import ModelBuilder  # noqa: E402

from engine.hosting import scale  # noqa: E402
from engine.transforms import SERVED  # noqa: E402

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
WHERE = {"session": session.boto_session, "region": session.boto_region_name}


def model(name: str, factor: int) -> None:
    code = FOLDER / name / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(scale(factor))
    uri = f"s3://{session.default_bucket()}/{name}/model.tar.gz"
    archive.pack(FOLDER / name, session.bucket.path(uri))
    container = ContainerDefinition(image=IMAGE, model_data_url=uri, environment=SERVED)
    Model.create(
        model_name=name, primary_container=container, execution_role_arn=session.role, **WHERE
    )
    variant = ProductionVariant(
        variant_name="v", model_name=name, initial_instance_count=1, instance_type="ml.m5.large"
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant], **WHERE)


def answer(endpoint: Endpoint) -> list[str]:
    found = endpoint.invoke(
        body="1,2", content_type="text/csv", accept="text/csv", inference_id="me"
    )
    return [
        found.body.read().decode().strip(),
        found.content_type,
        found.invoked_production_variant,
    ]


def deployed() -> None:
    """By the SDK's ModelBuilder, which would wait for half a minute before its first look."""
    builder = ModelBuilder(
        image_uri=IMAGE,
        s3_model_data_url=f"s3://{session.default_bucket()}/ten/model.tar.gz",
        env_vars=SERVED,
        role_arn=session.role,
        sagemaker_session=session,
        instance_type="ml.m5.large",
    )
    builder.build(model_name="built")
    endpoint = builder.deploy(endpoint_name="by-builder", initial_instance_count=1)
    found = endpoint.invoke(body="1,2", content_type="text/csv", accept="text/csv")
    SEEN["builder"] = found.body.read().decode().strip()
    session.sagemaker_client.delete_endpoint(EndpointName="by-builder")


def main() -> None:
    model("one", 1)
    model("ten", 10)
    endpoint = Endpoint.create(endpoint_name="e", endpoint_config_name="one", **WHERE)
    endpoint.wait_for_status("InService", poll=1)
    SEEN["first"] = answer(endpoint)
    endpoint.endpoint_config_name = "ten"
    endpoint.update()
    endpoint.wait_for_status("InService", poll=1)
    SEEN["updated"] = answer(endpoint)
    weights = [DesiredWeightAndCapacity(variant_name="v", desired_weight=2.0)]
    endpoint.update_weights_and_capacities(desired_weights_and_capacities=weights)
    endpoint.wait_for_status("InService", poll=1)
    found = Endpoint.get(endpoint_name="e", **WHERE)
    SEEN["weight"] = found.production_variants[0].current_weight
    SEEN["config"] = found.endpoint_config_name
    SEEN["listed"] = [item.endpoint_name for item in Endpoint.get_all(**WHERE)]
    runtime = session.sagemaker_runtime_client
    told = runtime.invoke_endpoint(EndpointName="e", Body=b"1,2", ContentType="text/csv")
    SEEN["runtime"] = told["InvokedProductionVariant"]
    try:
        runtime.invoke_endpoint(EndpointName="none", Body=b"")
    except runtime.exceptions.ValidationError as error:
        SEEN["none"] = error.response["Error"]["Message"]
    deployed()
    SEEN["url"] = session.endpoint_url()
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    EndpointConfig.get(endpoint_config_name="ten", **WHERE).delete()
    SEEN["configs"] = [i.endpoint_config_name for i in EndpointConfig.get_all(**WHERE)]


try:
    main()
finally:
    session.stop_endpoints()
(FOLDER / "seen.json").write_text(json.dumps(SEEN), encoding="utf-8")
