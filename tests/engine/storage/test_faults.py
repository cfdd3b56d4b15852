"""What can break on a machine: a clear failure of that step, and nothing else harmed."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.processes.runner import Runner, SpawnRunner
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.storage import archive, copies, disk
from sagemaker_local.storage.store import Store

from engine import kill_program
from engine.definitions import Json, definition, model, output_of, processing, training
from engine.kill_program import KILLED, Program
from engine.local import Local, Run, until
from engine.processes.test_runner import alive
from engine.storage.test_archive import link

WRITES = "import pathlib; pathlib.Path('processing/output/o/big.bin').write_bytes(b'x' * 100_000)"
TRAINS = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'big.bin').write_text('x')"


def program_output(script: str, source: Path, *arguments: str, before: tuple[str, ...] = ()) -> Any:
    """What a program that runs pipelines in a process of its own prints, as JSON."""
    paths = [str(source), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [*before, sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


# ---- a full disk


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


def start_unpacking(local: Local, source: Any, **members: Any) -> Json:
    """A step that unpacks ``sourcedir.tar.gz``, as a FrameworkProcessor has it done."""
    entry = local.put('python3 main.py "$@"\n', "entry/runproc.sh")
    step = processing("Full", source, inputs={"entrypoint": entry}, **members)
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    return step


def packed(*members: tarfile.TarInfo, **files: str) -> bytes:
    """A tarball of members, and of files by their names without ``.py``."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{name}.py")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        for member in members:
            tar.addfile(member)
    return stream.getvalue()


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


# ---- inputs that cannot be read

# The super-user reads everything, except without these two capabilities.
PLAIN = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
AS_A_PLAIN_USER = PLAIN if os.name == "posix" and os.geteuid() == 0 else ()
UNREADABLE = """
import json, pathlib, sys
from engine.definitions import definition, processing
from engine.local import Local
from sagemaker_local.processes.warm import shared_runner

local = Local(pathlib.Path(sys.argv[1]), shared_runner(modules=("json",)))
local.put("x", "data/sub/data.csv")
target = local.bucket.path(local.bucket.uri(sys.argv[2]))
target.chmod(0)
cached = {"CacheConfig": {"Enabled": True}} if sys.argv[3] == "cached" else {}
inputs = {"data": local.bucket.uri("data")}
reads = processing("Reads", local.code("pass"), inputs=inputs, **cached)
other = processing("Other", local.code("pass"))
run = local.run(definition(reads, other))
told = {"statuses": run.statuses, "reason": run.reason("Reads"), "path": str(target)}
target.chmod(0o755)
local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
print(json.dumps(told | {"then": run.wait().status}))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not succeeds(*AS_A_PLAIN_USER, "true"), reason="root reads all, and cannot give that up here"
)
@pytest.mark.parametrize("cached", ["cached", "not cached"])
@pytest.mark.parametrize("what", ["data/sub/data.csv", "data/sub", "data"])
def test_an_input_that_cannot_be_read_fails_its_step(
    source: Path, tmp_path: Path, what: str, cached: str
) -> None:
    root = str(tmp_path / "root")
    told = program_output(UNREADABLE, source, root, what, cached, before=AS_A_PLAIN_USER)
    assert told["statuses"] == {"Reads": "Failed", "Other": "Succeeded"}
    assert "Permission denied" in told["reason"]
    assert told["path"] in told["reason"]
    if cached == "not cached":
        assert "The input s3://sagemaker-local/data cannot be read" in told["reason"]
        assert "Give this user the right to read it." in told["reason"]
    assert told["then"] == "Succeeded"


# ---- archives that lead out

EVIL = {
    "absolute": tarfile.TarInfo("/tmp/sagemaker-local-was-here"),
    "parent": tarfile.TarInfo("../outside"),
    "deep parent": tarfile.TarInfo("sub/../../../outside"),
    "link": link(tarfile.SYMTYPE, "/etc/passwd"),
    "link to a folder": link(tarfile.SYMTYPE, "../.."),
    "hard link": link(tarfile.LNKTYPE, "../../../outside"),
    "device": link(tarfile.CHRTYPE, ""),
    "pipe": link(tarfile.FIFOTYPE, ""),
}


@pytest.mark.parametrize("caching", [True, False], ids=["cached", "not cached"])
@pytest.mark.parametrize("member", EVIL.values(), ids=EVIL)
def test_an_archive_that_a_job_made_cannot_lead_out(
    local: Local, member: tarfile.TarInfo, caching: bool
) -> None:
    """A step writes the archive, and another one has it unpacked as its sources."""
    body = packed(member, main="print('ran')")
    archive = "pathlib.Path('processing/output/o/sourcedir.tar.gz')"
    code = local.code(f"import pathlib\n{archive}.write_bytes({body!r})")
    make = processing("Make", code, outputs=["o"])
    cached = {"CacheConfig": {"Enabled": True}} if caching else {}
    unpack = start_unpacking(local, output_of("Make", "o"), **cached)
    other = processing("Other", local.code("pass"), DependsOn=["Make"])
    run = local.run(definition(make, unpack, other))
    assert run.statuses == {"Make": "Succeeded", "Full": "Failed", "Other": "Succeeded"}
    reason = run.reason("Full")
    assert "sourcedir.tar.gz cannot be unpacked" in reason
    assert f"{member.name!r} is no plain file below its folder" in reason
    assert not Path("/tmp/sagemaker-local-was-here").exists()
    assert not list(local.root.rglob("outside"))
    assert not list(local.root.rglob("main.py")), "nothing of it is unpacked"


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need another way to be made there")
def test_a_model_of_links_and_pipes_becomes_an_archive_of_plain_files(
    local: Local, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("text")
    script = f"""
        import os, pathlib
        folder = pathlib.Path(os.environ["SM_MODEL_DIR"])
        (folder / "file").symlink_to({str(tmp_path / "outside")!r})
        (folder / "folder").symlink_to({str(tmp_path)!r})
        (folder / "nowhere").symlink_to("/no/such/file")
        (folder / "itself").symlink_to("itself")
        os.mkfifo(folder / "pipe")
        """
    run = local.run(definition(training("T", local.channels(textwrap.dedent(script)))))
    assert run.status == "Succeeded", run.steps
    artifact = local.bucket.existing(run.job("T")["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(artifact) as tar:
        members = {member.name: member.isreg() for member in tar}
    assert members == {"file": True}


def test_a_model_that_is_no_archive_harms_nobody(local: Local) -> None:
    """Its digest, for the cache of a step that reads it, is one of plain bytes."""
    uri = local.put(b"\\x1f\\x8bnothing", "models/model.tar.gz")
    cached: Json = {"CacheConfig": {"Enabled": True}}
    reads = processing("Reads", local.code("pass"), inputs={"model": uri}, **cached)
    run = local.run(definition(reads, model("Create", uri)))
    assert run.status == "Succeeded", run.steps


# ---- a long log

LONG_LOG = """
import json, pathlib, resource, sys
from engine.definitions import definition, training
from engine.local import Local
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.processes.warm import shared_runner

script = '''
import os
for end in (b"", b"\\\\n"):
    for _ in range(%d):
        os.write(1, (b"x" * (1000 - len(end)) + end) * 1000)
print("rmse=3;")
print("rmse=2.5;")
raise SystemExit(%d)
'''
local = Local(pathlib.Path(sys.argv[1]), shared_runner(modules=("json",)))
megabytes = int(sys.argv[2])
def run(code):
    channels = local.channels(script % (megabytes, code))
    step = training("T", channels, metrics={"rmse": "rmse=(.*);"})
    return local.run(definition(step))
good, bad = run(0), run(3)
metrics = good.job("T")["FinalMetricDataList"]
folder = JobFolder(local.root / "jobs" / good.job("T")["TrainingJobName"])
print(json.dumps({
    "metrics": {m["MetricName"]: m["Value"] for m in metrics},
    "tail": folder.lines(tail=2),
    "bytes": folder.log.stat().st_size,
    "reason": bad.reason("T"),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no peak memory to ask for")
def test_a_log_of_200_megabytes_needs_no_more_memory_than_a_short_one(
    source: Path, tmp_path: Path
) -> None:
    """One half of it has no line breaks."""
    short, long = (
        program_output(LONG_LOG, source, str(tmp_path / megabytes), megabytes)
        for megabytes in ("1", "100")
    )
    assert long["bytes"] >= 200_000_000
    for told in (short, long):
        assert told["metrics"] == {"rmse": 2.5}
        assert told["tail"] == ["rmse=3;", "rmse=2.5;"]
        assert "script.py exited with code 3: rmse=2.5;" in told["reason"]
    assert long["peak"] < 1.2 * short["peak"]


# ---- scripts that leave processes behind

FAMILY = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])

def stay(name):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / f"{name}.new").write_text(str(os.getpid()))
    (folder / f"{name}.new").rename(folder / name)
    time.sleep(1000)

def forked(name, *preparations):
    if os.fork() == 0:
        for prepare in preparations:
            prepare()
        stay(name)

def again():
    if os.fork():
        os._exit(0)

if len(sys.argv) == 4:
    stay(sys.argv[3])
forked("child")
forked("grandchild", again)
forked("session", os.setsid)
forked("daemon", os.setsid, again)
forked("daemon of a daemon", again, os.setsid, again)
subprocess.Popen([sys.executable, __file__, str(folder), "", "program"])
subprocess.Popen(["setsid", sys.executable, __file__, str(folder), "", "program in a session"])
while len(list(folder.iterdir())) < 7 or list(folder.glob("*.new")):
    time.sleep(0.005)
if sys.argv[2] != "ends":
    stay("main")
"""
MEMBERS = 7


@pytest.fixture(params=["warm", "plain", "spawn"])
def any_local(request: pytest.FixtureRequest, tmp_path: Path, runner: Runner) -> Local:
    """With every way to start a job."""
    runners = {"warm": runner, "plain": shared_runner(warm=False), "spawn": SpawnRunner()}
    return Local(tmp_path / "root", runners[request.param])


class Family:
    """A job with many descendants, none of which ends when it is asked to."""

    def __init__(self, local: Local) -> None:
        self.folder = local.root / "family"
        self.folder.mkdir(parents=True)
        self._code = local.code(FAMILY)

    def step(self, ends: bool, seconds: int = 1000) -> Json:
        arguments = [str(self.folder), "ends" if ends else "stays"]
        step = processing("Family", self._code, arguments=arguments)
        step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": seconds}
        return step

    @property
    def pids(self) -> list[int]:
        return [int(file.read_text()) for file in self.folder.iterdir()]

    @property
    def is_there(self) -> bool:
        return (self.folder / "main").exists()


@pytest.fixture
def family(any_local: Local, monkeypatch: pytest.MonkeyPatch) -> Family:
    monkeypatch.setattr("sagemaker_local.processes.runner._GRACE_SECONDS", 0.1)
    return Family(any_local)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@needs_fork
def test_what_a_job_leaves_running_ends_with_it(any_local: Local, family: Family) -> None:
    """As in a container. It is gone before the step has ended: it cannot change an output."""
    run = any_local.run(definition(family.step(ends=True)))
    assert run.status == "Succeeded", run.steps
    assert len(family.pids) == MEMBERS
    assert not [pid for pid in family.pids if alive(pid)]


@needs_fork
def test_a_job_that_never_ends_is_stopped_with_all_that_it_started(
    any_local: Local, family: Family
) -> None:
    run = any_local.start(definition(family.step(ends=False)))
    until(lambda: family.is_there)
    run.stop()
    assert run.wait().status == "Stopped"
    assert len(family.pids) == MEMBERS + 1
    assert not [pid for pid in family.pids if alive(pid)]


@needs_fork
def test_a_job_that_never_ends_runs_into_its_time_limit(any_local: Local, family: Family) -> None:
    run = any_local.run(definition(family.step(ends=False, seconds=2)))
    assert run.status == "Failed"
    assert "MaxRuntimeExceeded" in run.reason("Family")
    assert len(family.pids) == MEMBERS + 1
    assert not [pid for pid in family.pids if alive(pid)]


@needs_fork
def test_a_job_that_ends_harms_no_other_jobs_processes(any_local: Local, family: Family) -> None:
    """Two jobs side by side: what one of them leaves is not what the other one still needs."""
    any_local.root.joinpath("other").mkdir()
    other = Family(Local(any_local.root / "other", any_local.runner))
    stays = processing("Stays", other._code, arguments=[str(other.folder), "stays"])
    run = any_local.start(definition(stays, family.step(ends=True)), parallel=2)
    until(lambda: run.statuses.get("Family") == "Succeeded" and other.is_there)
    assert not [pid for pid in family.pids if alive(pid)]
    assert all(map(alive, other.pids))
    run.stop()
    run.wait()
    assert not [pid for pid in other.pids if alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, jobs of a killed process run on")
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "plain"])
def test_a_killed_engine_takes_all_that_its_jobs_started_with_it(
    program: Program, runner: Runner, tmp_path: Path, warm: bool
) -> None:
    local = Local(tmp_path / "root", runner)
    family = Family(local)
    local.create(definition(family.step(ends=False)))
    program.begin({"root": str(local.root), "warm": warm})
    until(lambda: family.is_there)
    os.kill(int((local.root / kill_program.ENGINE).read_text()), signal.SIGKILL)
    assert program.end()[0]["code"] == KILLED
    until(lambda: not [pid for pid in family.pids if psutil.pid_exists(pid)])
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    (summary,) = listed["PipelineExecutionSummaries"]
    assert Run(local, summary["PipelineExecutionArn"]).status == "Failed"
