"""What an endpoint is to be: the model and the configuration that are made of a model package."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import registry, settings
from .states import unless_missing

LONGEST = 63  # characters of a name of models, configurations and endpoints
VARIANT, SHADOW = "AllTraffic", "Challenger"
PACKAGE_TAG, RUN_TAG, PROJECT_TAG = "model-package", "run", "project"
JSON_TYPES = ["application/json", "application/jsonlines"]


@dataclass(frozen=True)
class Hosting:
    """How an endpoint serves.

    Attributes:
        instance_type: of a managed endpoint's machines.
        instance_count: how many of them.
        capture_percentage: of the requests that are kept with their answers; 0: capture is off.
        capture_uri: where in S3 they go; empty: ``captures`` in the session's own place.
        image: one's own, which runs ``serve.py``; empty: the package's.
        challenger: ARN of a model package that gets a copy of each request; its answers are only
            captured. Empty: none.
    """

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    capture_percentage: int = 100
    capture_uri: str = ""
    image: str = ""
    challenger: str = ""


def endpoint_name(group: str) -> str:
    """The endpoint that follows a model package group: it serves the group's champion."""
    return group


def create(session: Any, package: Mapping[str, Any], hosting: Hosting) -> str:
    """Make a model and a configuration of it; both exist, or neither.

    Args:
        session: local or managed.
        package: the model package's description.
        hosting: how it is to serve.

    Returns:
        The configuration's name.
    """
    client = session.sagemaker_client
    name = unique_name(package)
    variants = [_variant(name, VARIANT, hosting, hosting.instance_count)]
    models = {name: (package, container_of(package, hosting.image))}
    if hosting.challenger:
        other = registry.describe(session, hosting.challenger)
        # Not by the package's name: a challenger is not approved, and may not be deployed by that.
        models[unique_name(other)] = (other, container_of(other, image_of(other)))
        variants.append(_variant(list(models)[1], SHADOW, hosting, 1))
    try:
        for model, (each, container) in models.items():
            client.create_model(
                ModelName=model,
                Containers=[container],
                ExecutionRoleArn=role_of(session, each),
                Tags=_tags(each),
            )
        client.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=variants[:1],
            **({"ShadowProductionVariants": variants[1:]} if hosting.challenger else {}),
            **capture(session, hosting),
            Tags=_tags(package),
        )
    except BaseException:
        for model in models:
            unless_missing(client.delete_model, ModelName=model)
        raise
    return name


def _variant(model: str, name: str, hosting: Hosting, count: int) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": hosting.instance_type,
        "InitialInstanceCount": count,
        "InitialVariantWeight": 1.0,
    }


def unique_name(package: Mapping[str, Any]) -> str:
    """``<group>-v<version>-<time>-<4 digits>``, the group's name cut where that is too long."""
    moment, digits = datetime.now(UTC), secrets.token_hex(2)
    end = f"-v{package['ModelPackageVersion']}-{moment:%Y%m%d-%H%M%S}-{digits}"
    return package["ModelPackageGroupName"][: LONGEST - len(end)].rstrip("-") + end


def container_of(package: Mapping[str, Any], image: str) -> dict[str, Any]:
    """The container of a model: the package's own, or with another image its artifact in that."""
    if not image:
        return {"ModelPackageName": package["ModelPackageArn"]}
    (own, *_) = package["InferenceSpecification"]["Containers"]
    kept = {key: own[key] for key in ("ModelDataUrl", "Environment") if key in own}
    return {"Image": image, **kept}


def image_of(package: Mapping[str, Any]) -> str:
    """The image of a package's container."""
    return str(package["InferenceSpecification"]["Containers"][0]["Image"])


def role_of(session: Any, package: Mapping[str, Any]) -> str:
    """The role that the model assumes: the session's, else that of the run that registered it."""
    if str(session.role).startswith("arn:"):
        return str(session.role)
    execution = package.get("CustomerMetadataProperties", {}).get("execution")
    if not execution:
        return str(session.role)
    client = session.sagemaker_client
    described = client.describe_pipeline_execution(PipelineExecutionArn=execution)
    found = client.describe_pipeline(PipelineName=described["PipelineArn"].rpartition("/")[2])
    return str(found["RoleArn"])


def capture(session: Any, hosting: Hosting) -> dict[str, Any]:
    """The members of a configuration for data capture; none where it is off."""
    if not hosting.capture_percentage:
        return {}
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": hosting.capture_percentage,
        "DestinationS3Uri": hosting.capture_uri or captures_uri(session),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        # What neither list names would be kept as BASE64.
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": JSON_TYPES,
        },
    }
    return {"DataCaptureConfig": config}


def captures_uri(session: Any) -> str:
    """Where captures go unless a person says otherwise; each endpoint has a folder of its own."""
    return f"s3://{session.default_bucket()}/{session.default_bucket_prefix}/captures"


def of_configuration(client: Any, name: str) -> Hosting:
    """How an endpoint with a configuration serves, so that another model can serve in that way.

    The challenger stays behind: it may be what is deployed now.
    """
    config = client.describe_endpoint_config(EndpointConfigName=name)
    (variant, *_) = config["ProductionVariants"]
    captured = config.get("DataCaptureConfig", {})
    percentage = captured["InitialSamplingPercentage"] if captured.get("EnableCapture") else 0
    return Hosting(
        instance_type=variant.get("InstanceType", Hosting.instance_type),
        instance_count=variant.get("InitialInstanceCount", 1),
        capture_percentage=percentage,
        capture_uri=captured.get("DestinationS3Uri", "") if percentage else "",
        image=_container(client, config).get("Image", ""),
    )


def has_challenger(client: Any, configuration: str) -> bool:
    """Whether a shadow variant gets copies of the requests."""
    config = client.describe_endpoint_config(EndpointConfigName=configuration)
    return bool(config.get("ShadowProductionVariants"))


def package_of(client: Any, configuration: str) -> str:
    """The ARN of the model package that a configuration serves; "" where it is of no deployment."""
    described = client.describe_endpoint_config
    config = unless_missing(described, EndpointConfigName=configuration)
    if config is None:
        return ""
    tags = client.list_tags(ResourceArn=config["EndpointConfigArn"])["Tags"]
    tagged = {tag["Key"]: tag["Value"] for tag in tags}.get(PACKAGE_TAG, "")
    return str(tagged or _container(client, config).get("ModelPackageName", ""))


def _container(client: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The container of a configuration's first variant; empty where its model is gone."""
    (variant, *_) = config["ProductionVariants"]
    model = unless_missing(client.describe_model, ModelName=variant["ModelName"])
    if model is None:
        return {}
    return dict(next(iter([*model.get("Containers", []), model.get("PrimaryContainer", {})])))


def delete(client: Any, configuration: str) -> None:
    """Delete a configuration and its models; what is not there any more is no error."""
    config = unless_missing(client.describe_endpoint_config, EndpointConfigName=configuration)
    if config is None:
        return
    unless_missing(client.delete_endpoint_config, EndpointConfigName=configuration)
    shadows = config.get("ShadowProductionVariants", [])
    for variant in [*config["ProductionVariants"], *shadows]:
        unless_missing(client.delete_model, ModelName=variant["ModelName"])


def _tags(package: Mapping[str, Any]) -> list[dict[str, str]]:
    known = package.get("CustomerMetadataProperties", {})
    tags = {
        PROJECT_TAG: settings.PROJECT_SLUG,
        PACKAGE_TAG: package["ModelPackageArn"],
        RUN_TAG: known.get("run", ""),
    }
    return [{"Key": key, "Value": value} for key, value in tags.items() if value]
