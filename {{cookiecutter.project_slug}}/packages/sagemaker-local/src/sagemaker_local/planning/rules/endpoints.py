"""Rules about endpoint configurations, and about endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.endpoints.configurations import PRODUCTION, SHADOW
from sagemaker_local.planning.rules.rule import (
    GUIDE,
    Arguments,
    Outcome,
    RequestRule,
    repeated,
)

CONFIGURATION, ENDPOINT = "EndpointConfig", "Endpoint"
_SERVERLESS = "ServerlessConfig"
_GIGABYTE = 1024
_EXCLUSIONS = f'{GUIDE}, "Deploy models with Amazon SageMaker Serverless Inference"'


def _variants(arguments: Arguments) -> Iterator[tuple[str, Arguments]]:
    for member in (PRODUCTION, SHADOW):
        for index, variant in enumerate(arguments.get(member) or ()):
            yield f"{member}[{index}]", variant


def _variants_twice(arguments: Arguments) -> Iterator[str]:
    names = [variant["VariantName"] for _, variant in _variants(arguments)]
    for name, count in repeated(names):
        yield f"{PRODUCTION} has the variant {name!r} {count} times; each needs a name of its own"


def _many_shadows(arguments: Arguments) -> Iterator[str]:
    shadows, variants = arguments.get(SHADOW, []), arguments[PRODUCTION]
    if shadows and (len(shadows), len(variants)) != (1, 1):
        yield (
            f"{SHADOW} has {len(shadows)} variants beside {len(variants)} of {PRODUCTION}, and "
            "a shadow needs one of each"
        )


def _no_weight(arguments: Arguments) -> Iterator[str]:
    weights = [variant.get("InitialVariantWeight", 1.0) for variant in arguments[PRODUCTION]]
    if not any(weights):
        yield f"{PRODUCTION} have weights of 0 only, so that no variant gets a request"


def _no_instances(arguments: Arguments) -> Iterator[str]:
    for path, variant in _variants(arguments):
        if _SERVERLESS in variant or "InstancePools" in variant:
            continue
        for member in ("InstanceType", "InitialInstanceCount"):
            if member not in variant:
                yield f"{path}.{member} is missing; it, or {_SERVERLESS}, says what it runs on"


def _serverless_and_instances(arguments: Arguments) -> Iterator[str]:
    for path, variant in _variants(arguments):
        if _SERVERLESS in variant and "InstanceType" in variant:
            yield f"{path} has {_SERVERLESS} and InstanceType; give one of them"


def _serverless_excludes(arguments: Arguments) -> Iterator[str]:
    if not any(_SERVERLESS in variant for _, variant in _variants(arguments)):
        return
    if "DataCaptureConfig" in arguments:
        yield f"DataCaptureConfig: a variant with {_SERVERLESS} has no data capture; leave it out"
    if len(list(_variants(arguments))) > 1:
        yield f"{PRODUCTION}: a variant with {_SERVERLESS} has no others beside it"


def _odd_memory(arguments: Arguments) -> Iterator[str]:
    for path, variant in _variants(arguments):
        size = variant.get(_SERVERLESS, {}).get("MemorySizeInMB", 0)
        if size % _GIGABYTE:
            yield f"{path}.{_SERVERLESS}.MemorySizeInMB is {size}, and must be in steps of 1024"


def _two_policies(arguments: Arguments) -> Iterator[str]:
    config = arguments.get("DeploymentConfig") or {}
    if {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"} <= set(config):
        yield "DeploymentConfig has BlueGreenUpdatePolicy and RollingUpdatePolicy; give one of them"


RULES = (
    RequestRule(
        "An endpoint configuration's variants have different names",
        "mlflow/mlflow#6486",
        (CONFIGURATION,),
        _variants_twice,
    ),
    RequestRule(
        "ShadowProductionVariants has one variant, beside one of ProductionVariants",
        "API reference, CreateEndpointConfig",
        (CONFIGURATION,),
        _many_shadows,
    ),
    RequestRule(
        "A production variant has a weight above 0",
        "no refusal was seen; traffic is shared by weights (API reference, ProductionVariant)",
        (CONFIGURATION,),
        _no_weight,
        Outcome.NOTICED,
    ),
    RequestRule(
        "A variant without ServerlessConfig has InstanceType and InitialInstanceCount",
        "API reference, ProductionVariant; no refusal was seen",
        (CONFIGURATION,),
        _no_instances,
        Outcome.NOTICED,
    ),
    RequestRule(
        "A variant has ServerlessConfig or InstanceType, not both",
        "API reference, ProductionVariant",
        (CONFIGURATION,),
        _serverless_and_instances,
    ),
    RequestRule(
        "A serverless endpoint has no data capture and one variant",
        _EXCLUSIONS,
        (CONFIGURATION,),
        _serverless_excludes,
    ),
    RequestRule(
        "Memory of a serverless variant is in steps of 1 GB",
        "API reference, ProductionVariantServerlessConfig",
        (CONFIGURATION,),
        _odd_memory,
    ),
    RequestRule(
        "A deployment is blue/green or rolling, not both",
        "API reference, DeploymentConfig; no refusal was seen",
        (ENDPOINT,),
        _two_policies,
        Outcome.NOTICED,
    ),
)
