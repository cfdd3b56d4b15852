"""A job's inputs are its own: whatever it does to them, the bucket's objects stay what they are.

Small files stand for large ones: what counts as large is set to a few bytes, and a file system
that can clone is stood in for by a copy where this one cannot.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.processes.runner import Runner
from sagemaker_local.storage import copies
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.manifest import objects

from engine import kill_program
from engine.definitions import definition, output_of, processing, training, transform
from engine.kill_program import KILLED, Program
from engine.local import Local, Run, until
from engine.transforms import CSV, OUTPUT, created, outputs

BODY = "number\n" + "1\n" * 5000
DATA = "processing/input/data/data.csv"

# What a job does to its input, and what it finds there afterwards.
CHANGES = {
    "write": "file.chmod(0o644); file.write_text('changed')",
    "append": "file.chmod(0o644); file.open('a').write('more')",
    "truncate": "file.chmod(0o644); os.truncate(file, 3)",
    "write in place": "file.chmod(0o644); file.open('r+').write('N')",
    "set the time back": (
        "file.chmod(0o644); was = file.stat(); file.open('r+').write('N'); "
        "os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))"
    ),
    "write and forbid": "file.chmod(0o644); file.write_text('x'); file.chmod(0)",
}
HARMLESS = {
    "read": "assert file.read_text().startswith('number')",
    "delete": "file.unlink()",
    "replace": "new = file.with_name('new'); new.write_text('changed'); new.replace(file)",
    "rename": "file.rename(file.with_name('other'))",
    "forbid": "file.chmod(0)",
    "allow": "file.chmod(0o777)",
    "touch": "file.chmod(0o644); file.touch()",
    "delete the folder": "shutil.rmtree(file.parent)",
}


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has some bytes is large, and the file system cannot clone it."""
    monkeypatch.setattr(copies, "LARGE_BYTES", 1000)
    monkeypatch.setattr(copies, "clone", lambda *_: False)


@pytest.fixture
def cloning(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A file system that clones; gives the clones that were made."""
    clones: list[Path] = []

    def clone(source: Path, target: Path) -> bool:
        shutil.copyfile(source, target)
        clones.append(target)
        return True

    monkeypatch.setattr(copies, "clone", clone)
    return clones


def doing(what: str, file: str = DATA) -> str:
    return f"import os, pathlib, shutil\nfile = pathlib.Path({file!r})\n{what}\n"


def run_with_input(local: Local, what: str, **members: Any) -> Run:
    """Run a processing job that does something to its input."""
    uri = local.put(BODY, "data/data.csv")
    step = processing("S", local.code(doing(what)), inputs={"data": uri}, **members)
    return local.run(definition(step))


def place(run: Run, file: str = DATA) -> Path:
    """Where a file of the step's job is."""
    name = run.steps["S"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    return run.local.root / "jobs" / name / "ml" / file


def same_file(local: Local, run: Run) -> bool:
    return place(run).samefile(local.bucket.path("s3://sagemaker-local/data/data.csv"))


@pytest.mark.parametrize("what", [*CHANGES.values(), *HARMLESS.values()], ids=[*CHANGES, *HARMLESS])
def test_a_copy_is_the_jobs_own(local: Local, what: str) -> None:
    assert run_with_input(local, what).status == "Succeeded"
    assert local.read("s3://sagemaker-local/data/data.csv") == BODY


def test_a_small_file_is_copied_and_writable(local: Local) -> None:
    run = run_with_input(local, "file.open('a').write('more')")
    assert run.status == "Succeeded"
    assert not same_file(local, run)
    assert place(run).read_text() == BODY + "more"


@pytest.mark.usefixtures("large")
def test_a_clone_is_preferred_and_the_jobs_own(local: Local, cloning: list[Path]) -> None:
    run = run_with_input(local, "file.open('a').write('more')")
    assert run.status == "Succeeded"
    assert place(run) in cloning
    assert place(run).read_text() == BODY + "more"
    assert local.read("s3://sagemaker-local/data/data.csv") == BODY


def test_this_file_system_clones(tmp_path: Path) -> None:
    original, clone = tmp_path / "original", tmp_path / "clone"
    original.write_text("x" * (1 << 20))
    if not copies.clone(original, clone):
        assert not clone.exists()
        pytest.skip("the file system of the temporary folder cannot clone files")
    clone.open("a").write("more")
    assert original.stat().st_size == 1 << 20


@pytest.mark.usefixtures("large")
def test_a_large_file_is_a_read_only_link(local: Local) -> None:
    run = run_with_input(local, HARMLESS["read"])
    assert run.status == "Succeeded"
    assert same_file(local, run)
    assert not place(run).stat().st_mode & 0o222
    assert "data.csv is large, and therefore a read-only link to its object." in local.log(run, "S")


@pytest.mark.usefixtures("large")
def test_channels_of_a_training_job_are_isolated_too(local: Local) -> None:
    uri = local.put(BODY, "data/data.csv")
    change = doing("file.chmod(0o644); file.open('a').write('more')", "../data/data.csv")
    step = training("T", local.channels(change) | {"data": uri})
    run = local.run(definition(step))
    assert run.status == "Failed"
    assert "The input data.csv was changed while script.py ran." in run.reason("T")


@pytest.mark.usefixtures("large")
def listed(local: Local, *names: str) -> str:
    """The URI of a manifest that lists objects below ``there``."""
    start = {"prefix": "s3://sagemaker-local/there/p-"}
    return local.put(json.dumps([start, *names]), "list.manifest")


@pytest.mark.slow
def test_a_manifest_names_the_objects_of_an_input(local: Local, large: None) -> None:
    for name in ("a.csv", "deep/b.csv", "other.csv"):
        local.put(f"{name}\n", f"there/p-{name}")
    local.put(BODY, "there/p-big.csv")
    found = (
        "import os, sys; print(sorted(n for _, _, names in os.walk(sys.argv[1]) for n in names))"
    )
    made = processing(
        "Read",
        local.code(found),
        inputs={"data": listed(local, "a.csv", "deep/b.csv", "big.csv")},
        arguments=["/opt/ml/processing/input/data"],
    )
    made["CacheConfig"] = {"Enabled": True, "ExpireAfter": "P1D"}
    source = made["Arguments"]["ProcessingInputs"][-1]["S3Input"]
    source["S3DataType"] = "ManifestFile"
    run = local.run(definition(made))
    assert run.status == "Succeeded", run.steps
    assert "['a.csv', 'b.csv', 'big.csv']" in local.log(run, "Read")
    local.put("new\n", "there/p-other.csv")  # it is not in the list
    assert local.run(definition(made)).verdicts == {"Read": "hit"}
    local.put("new\n", "there/p-a.csv")
    again = local.run(definition(made))
    assert again.verdicts == {"Read": "miss"}
    listed(local, "gone.csv")
    assert "p-gone.csv, and there is no such object" in local.run(definition(made)).reason("Read")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.csv", "is no manifest; it should be a JSON list"),
        ('{"prefix": "s3://b/"}', "is no manifest"),
        ('[{"prefix": "s3://b/"}, 1]', "is no manifest"),
        ("[]", "is no manifest"),
        (
            '[{"prefix": "s3://sagemaker-local/"}, "../x"]',
            "names '../x', which is no part of a key",
        ),
    ],
)
def test_what_is_no_manifest_is_said(local: Local, text: str, told: str) -> None:
    with pytest.raises(LocalError, match=told):
        objects(local.bucket, local.put(text, "m"), "ManifestFile")


@pytest.mark.slow
def test_a_manifest_is_an_input_of_training_and_transform(local: Local) -> None:
    for name in ("1", "2", "3"):
        local.put(f"{name}\n", f"there/p-{name}")
    manifest = listed(local, "1", "3")
    script = "import os; print(sorted(os.listdir(os.environ['SM_CHANNEL_TRAIN'])))"
    made = training("Train", {"train": manifest}, hyperparameters=local.submitted(script))
    made["Arguments"]["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(
        S3DataType="ManifestFile", S3DataDistributionType="ShardedByS3Key"
    )
    made["Arguments"]["ResourceConfig"]["InstanceCount"] = 2
    scores = transform("Score", created(local), manifest, OUTPUT, **CSV)
    scores["Arguments"]["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] = (
        "ManifestFile"
    )
    run = local.run(definition(made, scores))
    assert run.status == "Succeeded", run.steps
    assert "['1']" in local.log(run, "Train")
    assert outputs(local) == {"1.out": "10\n", "3.out": "30\n"}


@pytest.mark.parametrize("what", HARMLESS.values(), ids=HARMLESS)
def test_what_does_not_change_a_linked_files_bytes_is_allowed(local: Local, what: str) -> None:
    run = run_with_input(local, what)
    assert run.status == "Succeeded", run.steps
    assert local.read("s3://sagemaker-local/data/data.csv") == BODY
    assert not (local.root / "s3" / ".set-aside").exists()


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("what", CHANGES.values(), ids=CHANGES)
def test_a_job_that_changes_a_linked_file_fails_and_the_object_is_set_aside(
    local: Local, what: str
) -> None:
    run = run_with_input(local, what, outputs=["o"])
    assert run.status == "Failed"
    reason = run.reason("S")
    assert "The input data.csv was changed while script.py ran." in reason
    assert "It is the object s3://sagemaker-local/data/data.csv itself" in reason
    (aside,) = (local.root / "s3" / ".set-aside").rglob("data.csv")
    assert f"The damaged object is now at {aside}" in reason
    assert run.job("S")["FailureReason"] in reason
    assert local.objects() == [], "no output, and no damaged object"


@pytest.mark.usefixtures("large")
def test_the_object_can_be_uploaded_again(local: Local) -> None:
    assert run_with_input(local, CHANGES["write"]).status == "Failed"
    assert run_with_input(local, HARMLESS["read"]).status == "Succeeded"
    assert local.read("s3://sagemaker-local/data/data.csv") == BODY


@pytest.mark.usefixtures("large")
def test_a_job_that_fails_anyway_is_verified_too(local: Local) -> None:
    run = run_with_input(local, f"{CHANGES['write']}; raise SystemExit(3)")
    assert "The input data.csv was changed" in run.reason("S")


@pytest.mark.usefixtures("large")
def test_a_job_that_is_stopped_is_verified_too(local: Local) -> None:
    """What it damaged before its end must not be another job's input."""
    changed = local.root / "changed"
    what = f"{CHANGES['write']}; pathlib.Path({str(changed)!r}).touch(); time.sleep(60)"
    inputs = {"data": local.put(BODY, "data/data.csv")}
    job = local.begin(processing("S", local.code("import time\n" + doing(what)), inputs=inputs))
    until(changed.exists)
    job.stop()
    job.wait()
    assert local.objects() == []


@pytest.mark.usefixtures("large")
def test_the_first_of_two_inputs_is_verified_as_well(local: Local) -> None:
    """Inputs are put into the folder one after another; each adds to what is remembered."""
    inputs = {name: local.put(BODY + name, f"{name}/data.csv") for name in ("first", "second")}
    what = doing(CHANGES["write"], "processing/input/first/data.csv")
    run = local.run(definition(processing("S", local.code(what), inputs=inputs)))
    assert "It is the object s3://sagemaker-local/first/data.csv itself" in run.reason("S")
    assert local.objects() == ["second/data.csv"]


@pytest.mark.usefixtures("large")
def test_one_damaged_file_among_several_is_named(local: Local) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        local.put(BODY + name, f"data/{name}")
    what = doing(CHANGES["write"], "processing/input/data/b.csv")
    inputs = {"data": local.bucket.uri("data")}
    run = local.run(definition(processing("S", local.code(what), inputs=inputs)))
    assert "The input b.csv was changed" in run.reason("S")
    assert local.objects() == ["data/a.csv", "data/c.csv"]


@pytest.mark.usefixtures("large")
@pytest.mark.skipif(os.name == "nt", reason="read-only files need another way to be deleted there")
def test_a_plain_write_is_refused_by_the_system(local: Local) -> None:
    """To everybody but the super-user, whom the verification catches."""
    run = run_with_input(local, "file.open('a').write('more')")
    assert run.status == "Failed"
    (local.root / "probe").touch(0o444)
    refused = not os.access(local.root / "probe", os.W_OK)
    assert ("PermissionError" if refused else "was changed while") in run.reason("S")


@pytest.mark.usefixtures("large")
def test_two_jobs_may_read_one_large_file_at_once(local: Local) -> None:
    uri = local.put(BODY, "data/data.csv")
    steps = [
        processing(name, local.code(doing(HARMLESS["read"])), inputs={"data": uri})
        for name in "ABCD"
    ]
    assert local.run(definition(*steps), parallel=4).status == "Succeeded"


@pytest.mark.usefixtures("large")
def test_a_job_whose_input_another_one_changes_fails_as_well(local: Local) -> None:
    """It may have read what the other one wrote, which is not what it was given."""
    folder = local.root / "meeting"
    folder.mkdir(parents=True)
    wait = f"""
import time
meeting = pathlib.Path({str(folder)!r})
def wait(name):
    while not (meeting / name).exists():
        time.sleep(0.005)
"""
    reads = doing(wait + "(meeting / 'reads').touch(); wait('changed')")
    changes = doing(wait + f"wait('reads'); {CHANGES['append']}; (meeting / 'changed').touch()")
    inputs = {"data": local.put(BODY, "data/data.csv")}
    run = local.run(
        definition(
            processing("Reads", local.code(reads), inputs=inputs),
            processing("Changes", local.code(changes), inputs=inputs),
        ),
        parallel=2,
    )
    for step in ("Reads", "Changes"):
        assert "The input data.csv was changed while script.py ran." in run.reason(step)
    assert local.objects() == []


@pytest.mark.usefixtures("large")
def test_an_object_that_is_replaced_meanwhile_is_no_damage(local: Local) -> None:
    """A new version of an object is another file; the job keeps the one that it was given."""
    folder = local.root / "meeting"
    folder.mkdir(parents=True)
    what = f"""
import time
meeting = pathlib.Path({str(folder)!r})
(meeting / "runs").touch()
while not (meeting / "replaced").exists():
    time.sleep(0.005)
assert file.read_text().startswith("number")
"""
    uri = local.put(BODY, "data/data.csv")
    step = processing("S", local.code(doing(what)), inputs={"data": uri})
    run = local.start(definition(step))
    until((folder / "runs").exists)
    local.put("another", "data/data.csv")
    (folder / "replaced").touch()
    assert run.wait().status == "Succeeded", run.steps
    assert local.read(uri) == "another"


@pytest.mark.usefixtures("large")
def test_a_new_version_of_an_object_stays_when_the_old_one_is_damaged(local: Local) -> None:
    """The job damaged the file that it was given, which is no object any more."""
    upload = local.root / "uploaded"
    what = f"""
import time
{CHANGES["write"]}
pathlib.Path({str(local.root)!r}, "changed").touch()
while not pathlib.Path({str(upload)!r}).exists():
    time.sleep(0.005)
"""
    uri = local.put(BODY, "data/data.csv")
    step = processing("S", local.code(doing(what)), inputs={"data": uri})
    run = local.start(definition(step))
    until((local.root / "changed").exists)
    local.put("another", "data/data.csv")
    upload.touch()
    assert run.wait().status == "Failed"
    assert "The input data.csv was changed while script.py ran." in run.reason("S")
    assert local.read(uri) == "another"


@pytest.mark.usefixtures("large")
def test_where_a_link_is_not_possible_a_large_file_is_copied(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    run = run_with_input(local, "file.open('a').write('more')")
    assert run.status == "Succeeded"
    assert not same_file(local, run)
    assert local.read("s3://sagemaker-local/data/data.csv") == BODY


@pytest.mark.usefixtures("large")
def test_a_persons_file_behind_a_symbolic_link_is_copied_and_not_protected(
    local: Local, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text(BODY)
    mode = own.stat().st_mode
    folder = local.bucket.path(local.bucket.uri("data"))
    folder.mkdir(parents=True)
    (folder / "data.csv").symlink_to(own)
    inputs = {"data": local.bucket.uri("data")}
    step = processing("S", local.code(doing(CHANGES["append"])), inputs=inputs)
    assert local.run(definition(step)).status == "Succeeded"
    assert own.read_text() == BODY
    assert own.stat().st_mode == mode


@pytest.mark.usefixtures("large")
def test_a_large_output_is_stored_once(local: Local) -> None:
    script = f"import pathlib; pathlib.Path('processing/output/o/big').write_text({BODY!r})"
    run = local.run(definition(processing("S", local.code(script), outputs=["o"])))
    (key,) = local.objects()
    output = place(run, "processing/output/o/big")
    assert output.samefile(local.bucket.path(local.bucket.uri(key)))


@pytest.mark.usefixtures("large")
def test_an_input_that_becomes_an_output_is_an_object_of_its_own(local: Local) -> None:
    """Were it one file with the input, damage to one of the two objects would be to both."""
    move = "file.rename(pathlib.Path('processing/output/o/data.csv'))"
    run = run_with_input(local, move, outputs=["o"])
    assert run.status == "Succeeded", run.steps
    first, second = (local.bucket.path(local.bucket.uri(key)) for key in local.objects())
    assert first.read_text() == second.read_text() == BODY
    assert not first.samefile(second)


@pytest.mark.usefixtures("large")
def test_what_a_later_step_does_to_a_large_output_is_noticed(local: Local) -> None:
    make = f"import pathlib; pathlib.Path('processing/output/o/data.csv').write_text({BODY!r})"
    run = local.run(
        definition(
            processing("Make", local.code(make), outputs=["o"]),
            processing("S", local.code(doing(CHANGES["append"])),
                       inputs={"data": output_of("Make", "o")}),
        )
    )  # fmt: skip
    assert run.statuses == {"Make": "Succeeded", "S": "Failed"}
    assert "was changed while script.py ran" in run.reason("S")


@pytest.mark.usefixtures("large")
def test_an_upload_is_never_a_link_to_a_persons_file(local: Local, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(BODY)
    local.bucket.upload(own, "s3://sagemaker-local/up/own.csv")
    (copy,) = local.bucket.download("s3://sagemaker-local/up/own.csv", tmp_path / "down")
    for file in (own, copy):
        file.open("a").write("mine")
    assert local.read("s3://sagemaker-local/up/own.csv") == BODY


@pytest.mark.usefixtures("large")
def test_a_large_object_is_read_once_for_all_jobs_that_get_it(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link changes a file's time of change, which the memory of digests looks at."""
    uri = local.put(BODY, "data/data.csv")
    path = local.bucket.path(uri)
    os.utime(path, (1e9, 1e9))  # written long ago
    until(lambda: time.time() - path.stat().st_ctime > 0.05)
    read: list[Path] = []
    plain = Digests.of_file.__globals__["_digest_of_bytes"]

    def counting(file: Path) -> str:
        read.append(file)
        return str(plain(file))

    monkeypatch.setattr("sagemaker_local.storage.content._digest_of_bytes", counting)
    cached: dict[str, Any] = {"CacheConfig": {"Enabled": True}}
    code = local.code(doing(HARMLESS["read"]))
    for number in range(3):
        members = cached if number == 1 else {}
        step = processing("S", code, inputs={"data": uri}, **members)
        assert local.run(definition(step)).status == "Succeeded"
    assert read.count(path) == 1


CHANGES_AND_WAITS = """
import sys, time
file.chmod(0o644)
file.open("a").write("more")
pathlib.Path(sys.argv[1], "changed").touch()
time.sleep(1000)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the harness forks processes")
def test_an_engine_that_is_killed_does_not_hide_the_damage(
    program: Program, runner: Runner, tmp_path: Path
) -> None:
    """The job had changed its input when both were killed; the next process looks."""
    local = Local(tmp_path / "root", runner)
    uri = local.put("x" * copies.LARGE_BYTES, "data/data.csv")
    if copies.clone(local.bucket.path(uri), tmp_path / "clone"):
        pytest.skip("the file system of the temporary folder clones files: there is no link")
    step = processing("S", local.code(doing(CHANGES_AND_WAITS)), inputs={"data": uri},
                      arguments=[str(local.root)])  # fmt: skip
    local.create(definition(step))
    program.begin({"root": str(local.root), "warm": True})
    until((local.root / "changed").exists)
    os.kill(int((local.root / kill_program.ENGINE).read_text()), signal.SIGKILL)
    assert program.end()[0]["code"] == KILLED
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    run = Run(local, listed["PipelineExecutionSummaries"][0]["PipelineExecutionArn"])
    assert run.status == "Failed"
    assert "The input data.csv was changed while the job ran." in run.job("S")["FailureReason"]
    assert local.objects() == []


@pytest.mark.slow
def test_what_is_large_is_64_mib(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files are sparse: they take no place on the disk."""
    monkeypatch.setattr(copies, "clone", lambda *_: False)
    for name, size in (("large", 64 << 20), ("small", (64 << 20) - 1)):
        os.truncate(local.bucket.path(local.put("", f"data/{name}")), size)
    inputs = {"data": local.bucket.uri("data")}
    run = local.run(definition(processing("S", local.code("pass"), inputs=inputs)))
    for name, linked in (("large", True), ("small", False)):
        file = local.bucket.path(local.bucket.uri(f"data/{name}"))
        assert file.samefile(place(run, f"processing/input/data/{name}")) is linked
