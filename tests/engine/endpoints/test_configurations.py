"""Endpoint configurations: kept, listed, deleted; refused in the service's words."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.notice import logger
from sagemaker_local.planning import notices
from sagemaker_local.planning.rules import endpoints, table
from sagemaker_local.planning.rules.endpoints import CONFIGURATION, ENDPOINT
from sagemaker_local.planning.rules.rule import Outcome

from engine.definitions import IMAGE, ROLE, Json
from engine.local import ARNS, Local
from engine.transforms import artifacts, container, created

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://sagemaker-local/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


def variant(model: str = "sum", name: str = "one", **members: Any) -> Json:
    sizes: Json = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sizes = {} if "ServerlessConfig" in members else sizes
    return {"VariantName": name, "ModelName": model, **sizes, **members}


def refused(local: Local, *variants: Json, **members: Any) -> str:
    with pytest.raises(ClientError) as error:
        local.client.create_endpoint_config(
            EndpointConfigName="config", ProductionVariants=list(variants), **members
        )
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert local.client.list_endpoint_configs()["EndpointConfigs"] == []
    return str(error.value.response["Error"]["Message"])


def test_a_configuration_is_created_described_listed_and_deleted(local: Local) -> None:
    created(local)
    request = {
        "EndpointConfigName": "Config",
        "ProductionVariants": [variant()],
        "DataCaptureConfig": CAPTURE,
    }
    tags = [{"Key": "team", "Value": "a"}]
    arn = local.client.create_endpoint_config(**request, Tags=tags)["EndpointConfigArn"]
    assert arn.endswith(":endpoint-config/config")
    assert local.client.list_tags(ResourceArn=arn)["Tags"] == tags
    described = local.client.describe_endpoint_config(EndpointConfigName="Config")
    assert described["ProductionVariants"] == request["ProductionVariants"]
    assert described["DataCaptureConfig"] == CAPTURE
    with pytest.raises(ClientError, match=f'already existing endpoint configuration "{arn}"'):
        local.client.create_endpoint_config(**request)
    pages = local.client.get_paginator("list_endpoint_configs").paginate()
    assert [item["EndpointConfigArn"] for item in pages.search("EndpointConfigs")] == [arn]
    local.client.delete_endpoint_config(EndpointConfigName="Config")
    for method in (local.client.describe_endpoint_config, local.client.delete_endpoint_config):
        with pytest.raises(ClientError, match=f'Could not find endpoint configuration "{arn}"'):
            method(EndpointConfigName="Config")


def test_what_is_not_run_here_is_refused_in_one_sentence(local: Local) -> None:
    created(local)
    target = {"OutputConfig": {"S3OutputPath": "s3://sagemaker-local/later"}}
    told = refused(local, variant(), AsyncInferenceConfig=target)
    assert "AsyncInferenceConfig: asynchronous inference is not run locally" in told
    assert "ExplainerConfig: explanations" in refused(local, variant(), ExplainerConfig={})
    component = {key: value for key, value in variant().items() if key != "ModelName"}
    assert "'one' has no ModelName: inference components" in refused(local, component)
    many = container(local, Mode="MultiModel", ModelDataUrl="s3://sagemaker-local/models/")
    local.put("x", "models/a.tar.gz")
    local.client.create_model(ModelName="many", ExecutionRoleArn=ROLE, PrimaryContainer=many)
    assert "Mode MultiModel" in refused(local, variant("many"))
    two = [{"Image": IMAGE, "ModelDataUrl": artifacts(local)} for _ in range(2)]
    local.client.create_model(
        ModelName="line",
        ExecutionRoleArn=ROLE,
        Containers=two,
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    assert "asked by name (InferenceExecutionConfig Direct)" in refused(local, variant("line"))


def test_a_model_that_is_not_there_is_told_as_the_service_tells_it(local: Local) -> None:
    assert refused(local, variant()) == f'Could not find model "{ARNS.model("sum")}".'
    told = refused(local, variant(), variant("none"))
    assert "for 3 reasons" in told
    assert f'Could not find model "{ARNS.model("none")}"' in told


# By the name of a rule's check: members that break it, what is told, and a neighbour's members.
CASES: dict[str, tuple[Json, str, Json]] = {
    "_variants_twice": (
        {"ProductionVariants": [variant(), variant()]},
        "has the variant 'one' 2 times",
        {"ProductionVariants": [variant(), variant(name="two")]},
    ),
    "_many_shadows": (
        {
            "ProductionVariants": [variant(), variant(name="two")],
            "ShadowProductionVariants": [variant(name="three")],
        },
        "1 variants beside 2 of ProductionVariants",
        {"ShadowProductionVariants": [variant(name="two")]},
    ),
    "_no_weight": (
        {"ProductionVariants": [variant(InitialVariantWeight=0.0)]},
        "weights of 0 only",
        {
            "ProductionVariants": [
                variant(InitialVariantWeight=0.0),
                variant(name="two", InitialVariantWeight=0.1),
            ]
        },
    ),
    "_no_instances": (
        {"ProductionVariants": [{"VariantName": "one", "ModelName": "sum"}]},
        "ProductionVariants[0].InstanceType is missing",
        {"ProductionVariants": [variant(ServerlessConfig=SERVERLESS)]},
    ),
    "_serverless_and_instances": (
        {"ProductionVariants": [variant() | {"ServerlessConfig": SERVERLESS}]},
        "ServerlessConfig and InstanceType",
        {"ProductionVariants": [variant(ServerlessConfig=SERVERLESS)]},
    ),
    "_serverless_excludes": (
        {
            "ProductionVariants": [variant(ServerlessConfig=SERVERLESS)],
            "DataCaptureConfig": CAPTURE,
        },
        "has no data capture",
        {"DataCaptureConfig": CAPTURE},
    ),
    "_odd_memory": (
        {"ProductionVariants": [variant(ServerlessConfig=SERVERLESS | {"MemorySizeInMB": 2000})]},
        "MemorySizeInMB is 2000",
        {"ProductionVariants": [variant(ServerlessConfig=SERVERLESS)]},
    ),
    "_two_policies": (
        {"DeploymentConfig": {"BlueGreenUpdatePolicy": {}, "RollingUpdatePolicy": {}}},
        "give one of them",
        {"DeploymentConfig": {"RollingUpdatePolicy": {}}},
    ),
}
CHECKS = {rule.check.__name__: rule for rule in endpoints.RULES}


@pytest.mark.parametrize("name", CHECKS)
def test_what_breaks_a_rule_is_told_and_its_neighbour_passes(name: str) -> None:
    breaks, told, keeps = CASES[name]
    rule = CHECKS[name]
    (kind,) = rule.steps
    assert kind in (CONFIGURATION, ENDPOINT)
    base = {"ProductionVariants": [variant()]} if kind == CONFIGURATION else {}
    is_refused = rule.outcome is Outcome.REFUSED

    def asked(request: Json) -> list[str]:
        if is_refused:
            return table.broken_by(kind, request)
        return [str(doubt) for doubt in table.doubts_by(kind, request)]

    assert any(told in words for words in asked(base | breaks)), asked(base | breaks)
    assert asked(base | keeps) == []


def test_serverless_runs_as_an_ordinary_endpoint_and_says_so(
    local: Local, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(local)
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(logger, "propagate", True)
    with caplog.at_level(logging.INFO):
        local.client.create_endpoint_config(
            EndpointConfigName="config",
            ProductionVariants=[variant(ServerlessConfig=SERVERLESS)],
            KmsKeyId="key",
        )
    assert "runs as an ordinary endpoint" in caplog.text
    assert "without effect on this machine: KmsKeyId" in caplog.text
