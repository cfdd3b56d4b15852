"""Versions of a pipeline: made by changes of its definition, named, run, listed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.storage.store import Store

from engine.definitions import Json, definition, true
from engine.local import ARNS, Local

PIPE = ARNS.pipeline("pipe")
FIRST, SECOND, THIRD = (definition(true(name)) for name in ("First", "Second", "Third"))


def versions(local: Local, **request: Any) -> list[Json]:
    answer = local.client.list_pipeline_versions(PipelineName="pipe", **request)
    found: list[Json] = answer["PipelineVersionSummaries"]
    return found


def numbers(local: Local) -> list[int]:
    return [version["PipelineVersionId"] for version in versions(local)]


def described(local: Local, **version: Any) -> Json:
    return dict(local.client.describe_pipeline(PipelineName="pipe", **version))


def updated(local: Local, **request: Any) -> int:
    answer = local.client.update_pipeline(PipelineName="pipe", **request)
    return int(answer["PipelineVersionId"])


def test_a_changed_definition_is_a_new_version(local: Local) -> None:
    local.create(FIRST)
    assert numbers(local) == [1]
    assert updated(local, PipelineDefinition=FIRST, PipelineDescription="the same") == 1
    assert updated(local, PipelineDefinition=SECOND) == 2
    assert updated(local, PipelineDescription="another") == 2
    assert numbers(local) == [2, 1]
    assert described(local)["PipelineDefinition"] == SECOND
    old = described(local, PipelineVersionId=1)
    assert (old["PipelineDefinition"], old["PipelineDescription"]) == (FIRST, "another")
    ascending = versions(local, SortOrder="Ascending", MaxResults=1)
    assert [version["PipelineVersionId"] for version in ascending] == [1]
    local.client.delete_pipeline(PipelineName="pipe")
    local.create(SECOND)
    assert numbers(local) == [1]


def test_an_execution_runs_and_tells_its_version(local: Local) -> None:
    local.create(FIRST)
    run = local.run(SECOND, PipelineVersionId=1)
    assert list(run.statuses) == ["First"]
    assert run.described["PipelineVersionId"] == 1
    newest = local.run(SECOND)
    assert newest.described["PipelineVersionId"] == 2
    last = {item["PipelineVersionId"]: item for item in versions(local)}
    assert last[1]["LastExecutionPipelineExecutionArn"] == run.arn
    assert last[2]["LastExecutionPipelineExecutionArn"] == newest.arn


def test_an_alias_names_a_version(local: Local) -> None:
    local.create(FIRST)
    local.client.update_pipeline_version(
        PipelineArn=PIPE,
        PipelineVersionId=1,
        PipelineVersionDisplayName="Shown",
        PipelineVersionAliasOperations={"Add": ["good", "old"]},
    )
    run = local.run(FIRST)
    updated(local, PipelineDefinition=SECOND, PipelineVersionAliases=["new"])
    assert described(local, PipelineVersionAlias="good")["PipelineDefinition"] == FIRST
    assert described(local, PipelineVersionId=1)["PipelineVersionDisplayName"] == "Shown"
    assert described(local)["PipelineVersionAliases"] == ["new"]
    assert run.described["PipelineVersionAliases"] == ["good", "old"]
    moved = {"PipelineVersionAliasOperations": {"Remove": ["old"]}}
    local.client.update_pipeline_version(PipelineArn=PIPE, PipelineVersionId=1, **moved)
    again = local.run(SECOND, PipelineVersionAlias="good")
    assert again.described["PipelineVersionAliases"] == ["good"]
    listed = local.client.list_pipeline_executions
    found = listed(PipelineName="pipe", PipelineVersionAlias="good")["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in found] == [again.arn, run.arn]


def test_whoever_waits_for_an_execution_reads_no_definition(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = local.run(FIRST)
    read: list[str] = []
    rows = Store.rows

    def watched(store: Store, query: str, *values: Any) -> list[tuple[Any, ...]]:
        found = rows(store, query, *values)
        read.append(str(found))
        return found

    monkeypatch.setattr(Store, "rows", watched)
    assert run.described["PipelineExecutionStatus"] == "Succeeded"
    assert read
    assert not any("2020-12-01" in text for text in read), "the version of a definition's text"


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ({"PipelineVersionId": 3}, "has no version 3"),
        ({"PipelineVersionAlias": "x"}, "has no version with the alias 'x'"),
    ],
)
def test_a_version_that_is_not_there_is_not_found(local: Local, version: Json, told: str) -> None:
    local.create(FIRST)
    client = local.client
    for call in (client.describe_pipeline, client.start_pipeline_execution):
        with pytest.raises(ClientError, match=told) as caught:
            call(PipelineName="pipe", **version)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_aliases_that_cannot_be_are_refused(local: Local) -> None:
    local.create(FIRST)
    updated(local, PipelineDefinition=SECOND, PipelineVersionAliases=["new"])
    for definition_, aliases, told in (
        (SECOND, ["x"], "only a changed definition makes"),
        (THIRD, ["12"], "consists of digits only"),
        (THIRD, ["new"], "is version 2's; remove it there first"),
    ):
        with pytest.raises(ClientError, match=told):
            updated(local, PipelineDefinition=definition_, PipelineVersionAliases=aliases)
    with pytest.raises(ClientError, match="not both"):
        described(local, PipelineVersionId=1, PipelineVersionAlias="new")
    operations = {"Add": [f"a{number}" for number in range(10)]}
    with pytest.raises(ClientError, match="at most 10 aliases, not 11"):
        local.client.update_pipeline_version(
            PipelineArn=PIPE, PipelineVersionId=2, PipelineVersionAliasOperations=operations
        )
    assert numbers(local) == [2, 1]
    assert described(local)["PipelineVersionAliases"] == ["new"]


def test_a_pipeline_of_an_earlier_engine_is_version_1(local: Local) -> None:
    local.create(FIRST)
    stored = local.store.resource("pipeline", "pipe")
    assert stored is not None
    del stored["Version"]
    local.store.update_resource("pipeline", "pipe", stored)
    assert numbers(local) == [1]
    assert updated(local, PipelineDefinition=SECOND) == 2
    assert described(local, PipelineVersionId=1)["PipelineDefinition"] == FIRST
