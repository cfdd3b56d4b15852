"""Each setting of a pipeline or of a start has its effect, is named, or is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.definition.support import Support
from sagemaker_local.planning.notices import _said
from sagemaker_local.planning.settings import SETTINGS

from engine.definitions import (
    ROLE,
    Json,
    definition,
    fail,
    get,
    parameter,
    processing,
    true,
)
from engine.local import Local

MLFLOW = "arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/mine"


def _parameters(local: Local) -> None:
    item = fail("S", get("Parameters.Word"))
    text = definition(item, parameters=[parameter("Word", "String", "default")])
    assert local.run(text, {"Word": "given"}).reason("S") == "given"
    assert local.run(text).reason("S") == "default"


def _parallelism(local: Local) -> None:
    text = definition(processing("A", local.code("pass")), processing("B", local.code("pass")))
    run = local.run(text, parallel=1)
    first, second = run.listed[::-1]
    assert first["EndTime"] <= second["StartTime"]


def _selection(local: Local) -> None:
    config = {"SelectedSteps": [{"StepName": "B"}]}
    text = definition(true("A"), true("B"))
    assert set(local.run(text, SelectiveExecutionConfig=config).statuses) == {"B"}


def _token(local: Local) -> None:
    text = definition(true("S"))
    arns = {local.run(text, ClientRequestToken="t" * 32).arn for _ in range(2)}
    assert len(arns) == 1


def _described(member: str) -> Any:
    def effect(local: Local) -> None:
        request: Json = {member: "Shown"}
        run = local.run(definition(true("S")), **request)
        assert run.described[member] == "Shown"
        (summary,) = local.client.list_pipeline_executions(PipelineName="pipe")[
            "PipelineExecutionSummaries"
        ]
        assert summary[member] == "Shown"

    return effect


def _version(member: str, value: int | str) -> Any:
    def effect(local: Local) -> None:
        first = definition(true("First"))
        local.client.create_pipeline(
            PipelineName="pipe",
            PipelineDefinition=first,
            RoleArn=ROLE,
            PipelineVersionAliases=["first"],
        )
        chosen: Json = {member: value}
        run = local.run(definition(true("Second")), **chosen)
        assert list(run.statuses) == ["First"]

    return effect


EFFECTS = {
    "Parameters": _parameters,
    "ParallelismConfiguration": _parallelism,
    "SelectiveExecutionConfig": _selection,
    "ClientRequestToken": _token,
    "PipelineExecutionDisplayName": _described("PipelineExecutionDisplayName"),
    "PipelineExecutionDescription": _described("PipelineExecutionDescription"),
    "PipelineVersionId": _version("PipelineVersionId", 1),
    "PipelineVersionAlias": _version("PipelineVersionAlias", "first"),
}


def settings(support: Support) -> list[str]:
    return [name for name, how in SETTINGS.items() if how is support]


@pytest.mark.parametrize("name", settings(Support.RUN))
def test_a_setting_that_is_run_has_its_effect(name: str, local: Local) -> None:
    EFFECTS[name](local)


@pytest.mark.parametrize("name", settings(Support.IGNORED))
def test_a_setting_that_is_ignored_is_named(
    name: str, local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    _said.clear()
    values: Json = {
        "PipelineExperimentConfig": {"ExperimentName": "mine", "TrialName": "first"},
        "MlflowConfig": {"MlflowResourceArn": MLFLOW},
        "MlflowExperimentName": "mine",
        "RoleArn": "arn:aws:iam::000000000000:role/some-role",
    }
    in_definition = name.endswith("Config")
    text = definition(true("S"), **({name: values[name]} if in_definition else {}))
    request: Json = {} if in_definition else {name: values[name]}
    run = local.run(text, **request)
    assert run.status == "Succeeded"
    assert f"without effect on this machine: {name}\n" in capsys.readouterr().err


def test_each_setting_that_is_run_has_a_way_to_be_tried() -> None:
    assert set(EFFECTS) == set(settings(Support.RUN))
