"""A full disk: a clear failure of that step, a state that stays whole, and nothing else harmed."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.storage import archive, copies, disk
from sagemaker_local.storage.store import Store

from engine.definitions import Json, definition, processing, training
from engine.faults import packed, program_output, start_unpacking, succeeds
from engine.local import Local, until

WRITES = "import pathlib; pathlib.Path('processing/output/o/big.bin').write_bytes(b'x' * 100_000)"
TRAINS = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'big.bin').write_text('x')"


class FullDisk:
    """Takes the beginning of what has ``big`` in its name, and then has no room."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def while_copying_to(self, part: str) -> None:
        """``part`` is in the path of what cannot be written."""
        copy = shutil.copyfile

        def broken(source: Path, target: Path) -> None:
            if "big" in Path(source).name and part in str(target):
                Path(target).write_bytes(b"half")
                raise OSError(errno.ENOSPC, "No space left on device")
            copy(source, target)

        self._patch.setattr(copies.shutil, "copyfile", broken)

    def while_packing(self) -> None:
        def broken(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        self._patch.setattr(archive.tarfile.TarFile, "addfile", broken)

    def while_unpacking(self) -> None:
        def broken(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        self._patch.setattr(archive.tarfile.TarFile, "extractall", broken)

    def is_emptied(self) -> None:
        self._patch.undo()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    monkeypatch.setattr(copies, "clone", lambda *_: False)
    return FullDisk(monkeypatch)


def staged(local: Local) -> Json:
    inputs = {"data": local.put("x", "data/big.csv")}
    return processing("Full", local.code("pass"), inputs=inputs)


def uploaded(local: Local) -> Json:
    return processing("Full", local.code(WRITES), outputs=["o"])


def trained(local: Local) -> Json:
    return training("Full", local.channels(TRAINS))


def unpacked(local: Local) -> Json:
    source = local.put(packed(main="pass"), "code/sourcedir.tar.gz")
    return start_unpacking(local, source)


FULL: dict[str, tuple[Callable[[FullDisk], None], Callable[[Local], Json], str]] = {
    "an input": (lambda room: room.while_copying_to("/jobs/"), staged, "/jobs/pipelines-"),
    "an output": (lambda room: room.while_copying_to("/s3/"), uploaded, "/s3/sagemaker-local/"),
    "a model": (FullDisk.while_packing, trained, "/jobs/pipelines-"),
    "a source": (FullDisk.while_unpacking, unpacked, "/processing/input/code"),
}


@pytest.mark.parametrize(("fill", "make", "path"), FULL.values(), ids=FULL)
def test_a_full_disk_fails_that_step_with_a_sentence(
    local: Local,
    full_disk: FullDisk,
    fill: Callable[[FullDisk], None],
    make: Callable[[Local], Json],
    path: str,
) -> None:
    other = processing(
        "Other",
        local.code("import pathlib; pathlib.Path('processing/output/o/x').touch()"),
        outputs=["o"],
    )
    full = make(local)
    before = set(local.objects())
    fill(full_disk)
    run = local.run(definition(full, other), parallel=2)
    assert run.statuses == {"Full": "Failed", "Other": "Succeeded"}
    reason = run.reason("Full")
    assert reason.startswith("ClientError: The disk is full: ")
    assert path in reason
    assert reason.endswith("Make room (folders of old jobs may be deleted), and retry.")
    assert run.job("Full")["FailureReason"] in reason
    (new,) = set(local.objects()) - before
    assert new.endswith("/Other/o/x")
    assert [f.name for f in local.bucket.root.iterdir()] == ["sagemaker-local"]
    full_disk.is_emptied()
    local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
    assert run.wait().status == "Succeeded", run.steps


def test_a_retry_policy_tries_again_when_there_is_room(local: Local, full_disk: FullDisk) -> None:
    full_disk.while_copying_to("/s3/")
    attempts = local.root / "attempts"
    script = f"open({str(attempts)!r}, 'a').write('.')\n{WRITES}"
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "MaxAttempts": 2}
    policy |= {"IntervalSeconds": 0.01}
    step = processing("S", local.code(script), outputs=["o"], RetryPolicies=[policy])
    assert local.run(definition(step)).status == "Failed"
    assert attempts.read_text() == "..."


def test_a_script_that_may_have_failed_for_want_of_room_is_told_so(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own words about it may not have found room in the log."""
    monkeypatch.setattr("sagemaker_local.storage.disk._LITTLE_BYTES", 1 << 60)
    run = local.run(definition(processing("S", local.code("raise SystemExit(3)"))))
    assert "script.py exited with code 3 (log: " in run.reason("S")
    assert "The disk is full: " in run.reason("S")


def test_an_upload_that_has_no_room_says_where(
    local: Local, full_disk: FullDisk, tmp_path: Path
) -> None:
    (tmp_path / "big.csv").write_text("x")
    full_disk.while_copying_to("/s3/")
    with pytest.raises(Exception, match=r"The disk is full: .*/s3/.*/up/big\.csv could"):
        local.bucket.upload(tmp_path / "big.csv", "s3://sagemaker-local/up/big.csv")
    assert local.objects() == []


@pytest.mark.slow
@pytest.mark.skipif(
    not succeeds("unshare", "-Urm", "true"), reason="no private mount namespace on this machine"
)
def test_a_disk_that_is_really_full(source: Path, tmp_path: Path) -> None:
    """A file system of 10 MB, which only the program sees."""
    mount = 'mount -t tmpfs -o size=10m none "$0" && exec "$@" "$0"'
    inside = ("unshare", "-Urm", "sh", "-c", mount, str(tmp_path))
    told = program_output(
        "from engine.tiny_disk_program import main; main()", source, before=inside
    )

    upload = told["upload"]
    assert upload["statuses"] == {"Full": "Failed", "Other": "Succeeded", "More": "Succeeded"}
    assert f"The disk is full: {tmp_path}/root/s3/" in upload["reason"]
    assert upload["objects"] == [["More", "o", "x"]]
    assert upload["folders"] == ["sagemaker-local"]

    script = told["tidy script"]
    assert script["statuses"] == {"Full": "Failed"}
    assert "OSError: [Errno 28] No space left on device" in script["reason"]

    state = told["state"]
    sentence = f"The disk is full: {tmp_path}/root/state.db could not be written. Make room"
    assert all(error.startswith(sentence) for error in state["errors"])
    assert state["status"] == "Failed"
    assert "retry_pipeline_execution goes on" in state["reason"]
    assert state["then"] == "Succeeded"


def limit_state(local: Local, more_pages: int) -> None:
    """Let the file of the state grow by so many pages; None: as it likes."""
    pages = local.store.rows("PRAGMA page_count")[0][0]
    local.store.rows(f"PRAGMA max_page_count = {pages + more_pages}")


@pytest.mark.slow
def test_a_state_that_cannot_grow_is_one_clear_error(local: Local) -> None:
    long = definition(*(processing(f"S{number}", "s3://b/k") for number in range(200)))
    local.create(definition(processing("S", "s3://b/k")), "before")
    limit_state(local, 0)
    with pytest.raises(ClientError, match=r"The disk is full: .*state\.db could not be written"):
        local.create(long)
    listed = local.client.list_pipelines()["PipelineSummaries"]
    assert [pipeline["PipelineName"] for pipeline in listed] == ["before"]
    limit_state(local, 10_000)
    local.create(long)


def test_an_execution_whose_state_cannot_grow_is_finished_by_a_retry(
    local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    local.root.mkdir()
    wait = f"""
import pathlib, time
folder = pathlib.Path({str(local.root)!r})
(folder / "runs").touch()
while not (folder / "go").exists():
    time.sleep(0.005)
"""
    # What its job describes needs many pages.
    environment = {f"V{number}": "x" * 250 for number in range(100)}
    first = processing("First", local.code(wait))
    second = processing("Second", local.code("pass"), environment=environment, DependsOn=["First"])
    run = local.start(definition(first, second))
    until((local.root / "runs").exists)
    limit_state(local, 0)
    (local.root / "go").touch()
    until(lambda: "unstored" in caplog.text)
    limit_state(local, 10_000)
    assert run.status == "Failed"
    assert "First" in run.statuses
    local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
    assert run.wait().status == "Succeeded", run.steps


def test_an_execution_goes_on_while_its_state_cannot_be_written(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it lives is written each second; a disk that is full for a second ends nothing."""
    monkeypatch.setattr("sagemaker_local.executions.execution._RENEW_SECONDS", 0.01)
    renewals: list[str] = []

    def fail(records: ExecutionRecords, arn: str, *_: Any) -> str:
        renewals.append(arn)
        (local.root / "go").touch()
        raise disk.full(local.root)

    monkeypatch.setattr(ExecutionRecords, "renew_lease", fail)
    script = (
        f"import os, time\nwhile not os.path.exists({str(local.root / 'go')!r}): time.sleep(0.01)"
    )
    steps = [processing(name, local.code(script)) for name in "AB"]
    run = local.run(definition(*steps), parallel=1)
    assert run.status == "Succeeded", run.steps
    assert renewals[:1] == [run.arn]


def test_a_commit_that_fails_leaves_no_open_transaction(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything after it would be part of a transaction that nobody ends."""
    local.client.create_model_package_group(ModelPackageGroupName="before")

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_commit", fail)
        with pytest.raises(ClientError, match=r"state\.db cannot be written: disk I/O error"):
            local.client.create_model_package_group(ModelPackageGroupName="meanwhile")
    local.client.create_model_package_group(ModelPackageGroupName="after")
    groups = Local(local.root, local.runner).client.list_model_package_groups()
    names = {group["ModelPackageGroupName"] for group in groups["ModelPackageGroupSummaryList"]}
    assert names == {"before", "after"}
