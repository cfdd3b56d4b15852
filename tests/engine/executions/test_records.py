"""Stored executions and their steps: found, changed, and in order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.executions.records import ExecutionRecords, StoredExecution
from sagemaker_local.storage.store import Store, now


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state.db")


def document(**members: Any) -> dict[str, Any]:
    return {"CreationTime": now(), **members}


def test_executions_and_steps(store: Store) -> None:
    records = ExecutionRecords(store)
    for name in ("first", "second"):
        records.add(StoredExecution(name, "pipe", "Executing", 5.0, document()), f"{name}'s")
    records.update("first", "Succeeded", document(Text="x"))
    assert records.renew_lease("second", 9.0, "me") == "Executing"
    assert [item.arn for item in records.of_pipeline("pipe")] == ["second", "first"]
    assert [item.arn for item in records.of_pipeline("pipe", most=1)] == ["second"]
    first, second = records.find("first"), records.find("second")
    assert first is not None
    assert second is not None
    assert (first.status, first.document["Text"]) == ("Succeeded", "x")
    assert (second.lease, second.owner) == (9.0, "me")
    assert records.find("third") is None
    assert records.definition("second") == "second's"
    for second_of_start, name in ((1, "b"), (2, "a"), (1, "b")):
        started = datetime(2024, 1, 1, second=second_of_start, tzinfo=UTC)
        records.put_step("first", name, {"StepName": name, "StartTime": started})
    assert [step["StepName"] for step in records.steps("first")] == ["b", "a"]
    assert records.steps("second") == []
