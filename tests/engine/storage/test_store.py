"""The state: several threads and processes write at once, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.names import Arns
from sagemaker_local.processes.runner import Runner
from sagemaker_local.registry.packages import Registry
from sagemaker_local.storage.store import Store, now

from engine.definitions import definition, processing, true
from engine.local import Local, Run

_PROCESSES = 4


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep" / "state.db")


def document(**members: Any) -> dict[str, Any]:
    return {"CreationTime": now(), **members}


def test_a_state_that_another_process_creates_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.db"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    # The other process is done as soon as this one waits for it.
    monkeypatch.setattr("time.sleep", lambda _: other.execute("ROLLBACK"))
    store = Store(file)
    assert not other.in_transaction
    assert store.add_resource("kind", "name", document())


def test_what_is_stored_comes_back(store: Store) -> None:
    stored = document(Nested={"Times": [now()], "Text": "ü", "Number": 1.5, "None": None})
    assert store.add_resource("kind", "name", stored)
    assert store.resource("kind", "name") == stored
    assert store.resource("kind", "other") is None
    assert store.resource("other", "name") is None


def test_times_keep_their_zone(store: Store) -> None:
    store.add_resource("kind", "name", document())
    found = store.resource("kind", "name")
    assert found is not None
    assert found["CreationTime"].utcoffset() == timedelta(0)


def test_a_persons_own_data_may_look_like_the_stores(store: Store) -> None:
    """Whatever stands in metadata, it neither breaks reading nor changes."""
    odd = document(CustomerMetadataProperties={"$time": "soon"}, Other={"$time": "2024-01-01"})
    store.add_resource("kind", "name", odd)
    assert store.resource("kind", "name") == odd
    assert store.resources("kind") == [odd]


def test_a_taken_name_is_kept(store: Store) -> None:
    first = document(Which=1)
    assert store.add_resource("kind", "name", first)
    assert not store.add_resource("kind", "name", document(Which=2))
    assert store.resource("kind", "name") == first


def test_lists_are_newest_first(store: Store) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for name, minutes in (("b", 1), ("c", 2), ("a", 0), ("d", 2)):
        store.add_resource(
            "kind", name, {"CreationTime": start + timedelta(minutes=minutes), "Name": name}
        )
    assert [item["Name"] for item in store.resources("kind")] == ["d", "c", "b", "a"]


def test_update_and_delete(store: Store) -> None:
    store.add_resource("kind", "name", document(Which=1))
    store.update_resource("kind", "name", document(Which=2))
    found = store.resource("kind", "name")
    assert found is not None
    assert found["Which"] == 2
    assert store.delete_resource("kind", "name")
    assert not store.delete_resource("kind", "name")


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.add_resource("kind", "outer", document())
        with store.transaction():
            store.add_resource("kind", "inner", document())
        raise ZeroDivisionError
    assert store.resources("kind") == []
    store.add_resource("kind", "after", document())
    assert len(store.resources("kind")) == 1


def test_what_is_written_is_there_for_the_next_process(store: Store, tmp_path: Path) -> None:
    store.add_resource("kind", "name", document(Which=1))
    again = Store(tmp_path / "deep" / "state.db").resource("kind", "name")
    assert again is not None
    assert again["Which"] == 1


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store(path)._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LocalError, match="has format 99"):
        Store(path)


# As the first version of this engine made it.
FORMAT_1 = """
CREATE TABLE resources (
    kind TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (kind, name));
CREATE TABLE executions (
    arn TEXT PRIMARY KEY, pipeline TEXT NOT NULL, created REAL NOT NULL, status TEXT NOT NULL,
    lease REAL NOT NULL, document TEXT NOT NULL);
CREATE TABLE steps (
    execution TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (execution, name));
CREATE TABLE model_packages (
    package_group TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (package_group, version));
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""
STARTED = datetime(2024, 1, 1, tzinfo=UTC)
PIPELINE = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/old"


def write_format_1(path: Path, text: str) -> None:
    """A pipeline with a failed execution, and one whose process died."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = {"$time": STARTED.isoformat()}
    pipeline = {
        "PipelineArn": PIPELINE,
        "PipelineName": "old",
        "PipelineDisplayName": "old",
        "PipelineDefinition": text,
        "RoleArn": "arn:aws:iam::000000000000:role/sagemaker-local",
        "PipelineStatus": "Active",
        "CreationTime": time,
        "LastModifiedTime": time,
    }
    connection = sqlite3.connect(path)
    connection.executescript(FORMAT_1)
    rows = [("pipeline", "old", STARTED.timestamp(), json.dumps(pipeline))]
    connection.executemany("INSERT INTO resources VALUES (?, ?, ?, ?)", rows)
    for name, status in (("aaaaaaaaaaaa", "Failed"), ("bbbbbbbbbbbb", "Executing")):
        arn = f"{PIPELINE}/execution/{name}"
        execution = {
            "PipelineArn": PIPELINE,
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": name,
            "PipelineDefinition": text,
            "Parameters": {},
            "CreationTime": time,
            "LastModifiedTime": time,
        }
        if status == "Failed":
            execution["FailureReason"] = "Step failure: One or multiple steps failed."
        row = (arn, "old", STARTED.timestamp(), status, 5.0, json.dumps(execution))
        connection.execute("INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?)", row)
        condition = {
            "StepName": "Gate",
            "StartTime": time,
            "EndTime": time,
            "StepStatus": "Succeeded",
            "AttemptCount": 1,
            "Metadata": {"Condition": {"Outcome": "True"}},
        }
        step = (arn, "Gate", 1, json.dumps(condition))
        connection.execute("INSERT INTO steps VALUES (?, ?, ?, ?)", step)
    connection.commit()
    connection.close()


def test_a_state_of_the_first_format_opens_lists_and_runs(tmp_path: Path, runner: Runner) -> None:
    code = Local(tmp_path / "root", runner).code("pass")
    for file in (tmp_path / "root").glob("state.db*"):
        file.unlink()
    gate = true("Gate", processing("Then", code, CacheConfig={"Enabled": True}))
    text = definition(gate)
    write_format_1(tmp_path / "root" / "state.db", text)
    local = Local(tmp_path / "root", runner)
    assert local.client.describe_pipeline(PipelineName="old")["LastRunTime"] == STARTED
    listed = local.client.list_pipeline_executions(PipelineName="old")
    statuses = {
        item["PipelineExecutionDisplayName"]: item["PipelineExecutionStatus"]
        for item in listed["PipelineExecutionSummaries"]
    }
    assert statuses == {"aaaaaaaaaaaa": "Failed", "bbbbbbbbbbbb": "Failed"}
    for name in statuses:
        run = Run(local, f"{PIPELINE}/execution/{name}").retry()
        assert run.status == "Succeeded", run.steps
        assert set(run.statuses) == {"Gate", "Then"}
    again = local.run(text, name="old")
    assert again.verdicts == {"Gate": "run", "Then": "hit"}
    assert local.store._version() == 4


@pytest.mark.slow
def test_processes_that_find_an_old_state_upgrade_it_once(source: Path, tmp_path: Path) -> None:
    for number in range(5):
        write_format_1(tmp_path / str(number) / "state.db", definition(true("Gate")))
    script = """
    for number in range(5):
        store = Store(Path(sys.argv[2]) / str(number) / "state.db")
        store.remember(sys.argv[1], "", "x")
    print(json.dumps(len(ExecutionRecords(store).of_pipeline("old"))))
    """
    assert processes(source, script, str(tmp_path)) == [2] * _PROCESSES
    for number in range(5):
        store = Store(tmp_path / str(number) / "state.db")
        found = [store.remembered(str(process), "") for process in range(_PROCESSES)]
        assert found == ["x"] * _PROCESSES


def test_what_is_remembered_is_kept_while_its_stamp_stays(store: Store) -> None:
    assert store.remembered("name", "1") is None
    store.remember("name", "1", "value")
    assert store.remembered("name", "1") == "value"
    assert store.remembered("name", "2") is None
    store.remember("name", "2", "other")
    assert store.remembered("name", "2") == "other"
    assert store.remembered("name", "1") is None


def test_threads_lose_nothing(store: Store) -> None:
    def write(thread: int) -> None:
        for number in range(40):
            store.add_resource("kind", f"{thread}-{number}", document())
            ExecutionRecords(store).put_step(
                "execution", f"{thread}-{number}", {"StepName": str(thread), "StartTime": now()}
            )
            with store.transaction():
                counter = store.resource("kind", "counter") or document(Count=0)
                counter["Count"] += 1
                if not store.add_resource("kind", "counter", counter):
                    store.update_resource("kind", "counter", counter)

    threads = [threading.Thread(target=write, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.resources("kind")) == 6 * 40 + 1
    assert len(ExecutionRecords(store).steps("execution")) == 6 * 40
    counter = store.resource("kind", "counter")
    assert counter is not None
    assert counter["Count"] == 6 * 40


def processes(source: Path, script: str, *arguments: str) -> list[Any]:
    """What several processes print, as JSON, when they run a script at the same time."""
    program = textwrap.dedent(
        """
        import json, sys
        from pathlib import Path
        from sagemaker_local.executions.records import ExecutionRecords
        from sagemaker_local.names import Arns
        from sagemaker_local.registry.packages import Registry
        from sagemaker_local.storage.store import Store, now
        print("ready", flush=True)
        sys.stdin.readline()
        """
    ) + textwrap.dedent(script)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(index), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(source)},
        )
        for index in range(_PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * _PROCESSES
    return [json.loads(output) for output in outputs]


@pytest.mark.slow
def test_processes_share_a_root_and_lose_nothing(source: Path, tmp_path: Path) -> None:
    script = """
    store = Store(Path(sys.argv[2]) / "state.db")
    registry = Registry(store, Arns("us-east-1", "000000000000"))
    versions = []
    for number in range(25):
        store.add_resource("kind", f"{sys.argv[1]}-{number}", {"CreationTime": now()})
        versions.append(registry.register({"ModelPackageGroupName": "g"})["ModelPackageVersion"])
    print(json.dumps(versions))
    """
    versions = processes(source, script, str(tmp_path))
    store = Store(tmp_path / "state.db")
    assert len(store.resources("kind")) == _PROCESSES * 25
    assert sorted(chain.from_iterable(versions)) == list(range(1, _PROCESSES * 25 + 1))
    registry = Registry(store, Arns("us-east-1", "000000000000"))
    assert [p["ModelPackageVersion"] for p in registry.packages("g")] == list(
        range(_PROCESSES * 25, 0, -1)
    )


@pytest.mark.slow
def test_the_first_to_open_a_new_root_may_be_several(source: Path, tmp_path: Path) -> None:
    script = """
    for number in range(15):
        store = Store(Path(sys.argv[2]) / str(number) / "state.db")
        store.add_resource("kind", sys.argv[1], {"CreationTime": now()})
    print("null")
    """
    processes(source, script, str(tmp_path))
    for number in range(15):
        store = Store(tmp_path / str(number) / "state.db")
        assert len(store.resources("kind")) == _PROCESSES


@pytest.mark.slow
def test_a_killed_writer_loses_only_what_it_had_not_written(source: Path, tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from sagemaker_local.storage.store import Store, now
        store = Store(Path(sys.argv[1]))
        for number in range(20):
            store.add_resource("kind", str(number), {"CreationTime": now()})
        with store.transaction():
            store.add_resource("kind", "unfinished", {"CreationTime": now()})
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    path = tmp_path / "state.db"
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path)], env={"PYTHONPATH": str(source)}, check=False
    )
    assert ended.returncode != 0
    assert len(Store(path).resources("kind")) == 20
