"""Scripts that name ``/opt/ml``: it is the job's own, and this machine's is never written to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sagemaker_local.processes.container_paths import SWITCH, kernel_refusal
from sagemaker_local.processes.runner import SpawnRunner

from engine.definitions import definition, processing, training
from engine.hosting import hosting, variant
from engine.local import Local, Run
from engine.trainings import members
from engine.transforms import CSV, SUM, created, scored, succeeded

MACHINES = Path("/opt/ml")
WAYS = ("mount", "copy")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such mounts")

COPY_ROWS = """
import pathlib
import helper
found = pathlib.Path("/opt/ml/processing/input/data/a.csv").read_text()
with open(helper.OUT + "/b.csv", "w") as stream:
    stream.write(found.upper())
print("read", found)
"""
OUT = 'OUT = "/opt/ml/processing/output/out"'
# Nothing that a text could be searched for.
COMPOSED = """
import os
folder = os.path.join("/opt", "ml", "processing", "output", "out")
os.makedirs(folder, exist_ok=True)
with open(folder + "/b.csv", "w") as stream:
    stream.write("composed")
"""


@pytest.fixture(params=WAYS if sys.platform == "linux" else ("copy",))
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways for a job to find its own ``/opt/ml``; the machine's stays what it is."""
    before = below(MACHINES)
    monkeypatch.setenv(SWITCH, request.param)
    yield request.param
    assert below(MACHINES) == before


def below(folder: Path) -> list[str]:
    return sorted(map(str, folder.rglob("*")))


def copied(local: Local, script: str = COPY_ROWS, **modules: str) -> Run:
    source = {"data": local.put("rows", "data/a.csv")}
    target = {"out": "s3://sagemaker-local/out"}
    code = local.code(script, **({"helper": OUT} | modules))
    return local.run(definition(processing("Job", code, inputs=source, outputs=target)))


def test_a_processing_script_reads_and_writes_where_the_request_says(
    either: Local, way: str
) -> None:
    run = copied(either)
    assert run.status == "Succeeded", run.steps
    assert either.read("s3://sagemaker-local/out/b.csv") == "ROWS"
    told = "script.py: 1 line\n" in either.log(run, "Job")
    assert told == (way == "copy")


# AWS's customer churn sample unpacks its model so; others name paths without their first slash.
AS_IN_A_CONTAINERS_ROOT = """
import os, shutil, subprocess, tarfile
with open("made.txt", "w") as stream:
    stream.write("made")
with tarfile.open("/opt/ml/model.tar", "w") as tar:
    tar.add("made.txt", "inside.txt")
with tarfile.open("/opt/ml/model.tar") as tar:
    tar.extractall(path="..")
read = open("inside.txt").read() + open("opt/ml/processing/input/data/a.csv").read()
shutil.copy("../inside.txt", "opt/ml/processing/output/out/b.csv")
found = subprocess.run(["cat", "../inside.txt"], capture_output=True, text=True).stdout
assert os.path.samefile("..", "."), os.getcwd()
assert os.path.samefile(".", "/opt/ml") and not os.listdir("/opt/ml/opt")
print(read, found)
"""


@only_linux
@pytest.mark.skipif(bool(kernel_refusal()), reason="the kernel gives no mounts")
def test_a_processing_job_begins_in_a_folder_that_is_its_own_parent(either: Local) -> None:
    run = copied(either, AS_IN_A_CONTAINERS_ROOT)
    assert run.status == "Succeeded", run.steps
    assert either.read("s3://sagemaker-local/out/b.csv") == "made"
    assert "maderows made" in either.log(run, "Job")
    folder = either.root / "jobs" / run.job("Job")["ProcessingJobName"]
    assert (folder / "ml" / "made.txt").read_text() == "made"
    assert not list((folder / "root").iterdir()), "it was mounted for the job alone"


def test_arguments_and_literal_paths_are_one_place(local: Local, way: str) -> None:
    script = 'import sys; print(open(sys.argv[1] + "/a.csv").read())'
    script += '\nimport os; assert os.path.samefile(sys.argv[1], "/opt/ml/processing/input/data")'
    source = {"data": local.put("rows", "data/a.csv")}
    arguments = ["/opt/ml/processing/input/data"]
    run = local.run(
        definition(processing("Job", local.code(script), inputs=source, arguments=arguments))
    )
    assert run.status == "Succeeded", run.steps
    assert "rows" in local.log(run, "Job")


def test_a_line_that_fails_has_the_number_that_it_has_in_the_source(local: Local, way: str) -> None:
    script = 'x = "/opt/ml/processing"\n\nopen("/opt/ml/processing/input/none.csv")'
    run = local.run(definition(processing("Job", local.code(script))))
    assert 'script.py", line 3, in <module>' in local.log(run, "Job")
    assert "FileNotFoundError" in run.reason("Job")


def test_a_shell_program_and_the_settings_beside_it(local: Local, way: str) -> None:
    prefix = "code/shell"
    local.put('{"to": "/opt/ml/processing/output/out/b.csv"}', f"{prefix}/settings.json")
    local.put(
        "cd /opt/ml/processing/input/code\n"
        "python3 -c 'import json\n"
        'open(json.load(open("settings.json"))["to"], "w").write("b")\'\n',
        f"{prefix}/script.py",
    )
    target = {"out": "s3://sagemaker-local/out"}
    step = processing("Job", local.bucket.uri(prefix), outputs=target)
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"][0] = "/bin/bash"
    run = local.run(definition(step))
    assert run.status == "Succeeded", local.log(run, "Job")
    assert local.read("s3://sagemaker-local/out/b.csv") == "b"


def test_a_framework_processors_script_names_its_folders(local: Local, way: str) -> None:
    packed = local.submitted(COPY_ROWS, helper=OUT)["sagemaker_submit_directory"]
    code = packed.removesuffix("/sourcedir.tar.gz")
    entry = local.put('#!/bin/bash\npython3 script.py "$@"\n', "entry/runproc.sh")
    inputs = {"data": local.put("rows", "data/a.csv"), "entrypoint": entry}
    step = processing("Job", code, inputs=inputs, outputs={"out": "s3://sagemaker-local/out"})
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    run = local.run(definition(step))
    assert run.status == "Succeeded", run.steps
    assert local.read("s3://sagemaker-local/out/b.csv") == "ROWS"


TRAIN = """
import json
rows = open("/opt/ml/input/data/train/a.csv").read()
hps = json.load(open("/opt/ml/input/config/hyperparameters.json"))
open("/opt/ml/model/model.txt", "w").write(rows + hps["depth"])
open("/opt/ml/output/data/report.txt", "w").write("fine")
"""


@pytest.mark.parametrize("by", ["driver", "toolkit"])
def test_a_training_script_finds_channels_and_leaves_its_model(
    local: Local, way: str, by: str
) -> None:
    data, given = {"train": local.put("rows", "data/a.csv")}, {"depth": "3"}
    if by == "driver":
        data |= local.channels(TRAIN)
    else:
        given |= local.submitted(TRAIN)
    run = local.run(definition(training("Train", data, hyperparameters=given)))
    assert run.status == "Succeeded", run.steps
    uri = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert members(local, uri) == {"model.txt": "rows3"}
    assert members(local, uri.replace("model.tar", "output.tar")) == {"report.txt": "fine"}


def test_several_hosts_have_one_each(local: Local, way: str) -> None:
    script = """
import json
host = json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"]
open(f"/opt/ml/processing/output/out/{host}.txt", "w").write(host)
"""
    target = {"out": "s3://sagemaker-local/out"}
    step = processing("Job", local.code(script), outputs=target)
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    run = local.run(definition(step))
    assert run.status == "Succeeded", run.steps
    assert local.objects() == ["out/algo-1.txt", "out/algo-2.txt"]


LITERAL = SUM.replace(
    "def model_fn(model_dir):", 'def model_fn(_):\n    model_dir = "/opt/ml/model"'
)


def test_a_models_script_finds_its_files_in_a_transform_job(local: Local, way: str) -> None:
    assert LITERAL != SUM
    run = scored(local, {"a.csv": "1,2\n"}, LITERAL, **CSV)
    assert list(succeeded(local, run)) == ["a.csv.out"]


@pytest.mark.slow
def test_a_models_script_finds_its_files_behind_an_endpoint(
    local: Local, way: str, tmp_path: Path
) -> None:
    with hosting(tmp_path / "served", local.runner) as hosted:
        created(hosted.local, "sum", LITERAL)
        hosted.create("e", variant("sum"))
        assert hosted.invoke("e", "1,2")[0]


def test_a_path_that_is_put_together_is_found_or_refused(local: Local, way: str) -> None:
    run = copied(local, COMPOSED)
    if way == "mount":
        assert local.read("s3://sagemaker-local/out/b.csv") == "composed"
    else:
        assert "take it from arguments or variables: '/opt/ml" in run.reason("Job")


def test_an_output_elsewhere_is_said(
    local: Local, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(local, helper='OUT = "/opt/ml/processing/output"')
    assert run.status == "Succeeded"
    told = (
        "the output 'out' is empty: nothing was written to /opt/ml/processing/output/out, ",
        "; /opt/ml/processing/output/b.csv was written, and is in no output's folder",
    )
    notice = capsys.readouterr().err
    assert all(words in local.log(run, "Job") and words in notice for words in told)


def test_a_script_that_is_debugged_has_its_path_replaced(local: Local) -> None:
    before = below(MACHINES)
    debugged = replace(local, debug=True)
    run = copied(debugged)
    assert run.status == "Succeeded", run.steps
    assert debugged.read("s3://sagemaker-local/out/b.csv") == "ROWS"
    assert "it is debugged in the process that starts it" in debugged.log(run, "Job")
    assert below(MACHINES) == before


@pytest.mark.slow
def test_where_nothing_can_be_mounted_the_path_is_replaced(local: Local) -> None:
    spawning = replace(local, runner=SpawnRunner())
    run = copied(spawning)
    assert run.status == "Succeeded", run.steps
    assert spawning.read("s3://sagemaker-local/out/b.csv") == "ROWS"


def test_the_object_of_the_code_keeps_its_text(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "copy")
    assert copied(local).status == "Succeeded"
    keys = [key for key in local.bucket.keys(local.bucket.uri("code")) if key.endswith("script.py")]
    assert [local.read(local.bucket.uri(key)) for key in keys] == [COPY_ROWS]


def test_a_root_whose_name_would_end_a_string_is_said(
    tmp_path: Path, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "copy")
    odd = Local(tmp_path / "o'neil", local.runner)
    run = copied(odd)
    assert run.status == "Failed"
    assert "script.py keeps /opt/ml: " in odd.log(run, "Job")


REFUSING = """
import json, sys
from pathlib import Path
from sagemaker_local.processes.container_paths import kernel_refusal
from sagemaker_local.processes.warm import shared_runner
from engine.jobs.test_literal_paths import copied
from engine.local import Local
local = Local(Path(sys.argv[1]), shared_runner(modules=("json",)))
run = copied(local)
out = local.read("s3://sagemaker-local/out/b.csv")
print(json.dumps([run.status, out, kernel_refusal()]))
"""
NO_MORE = "for kind in mnt user; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done"


@only_linux
@pytest.mark.slow
def test_a_kernel_that_refuses_is_told_and_the_path_replaced(tmp_path: Path, source: Path) -> None:
    """In a user namespace that may have no further ones."""
    tests = Path(__file__).resolve().parents[2]
    program = tmp_path / "program.py"
    program.write_text(REFUSING, encoding="utf-8")
    inside = f'{NO_MORE}; PYTHONPATH={tests}:"$2" exec "$0" "$1" "$3"'
    begun = ["unshare", "--user", "--map-root-user", "sh", "-c", inside]
    given = [sys.executable, str(program), str(source), str(tmp_path / "root")]
    ended = subprocess.run([*begun, *given], capture_output=True, text=True, check=False)
    if "unshare" in ended.stderr and ended.returncode:
        pytest.skip(f"this machine has no user namespaces: {ended.stderr.strip()}")
    assert ended.returncode == 0, ended.stderr
    status, out, reason = json.loads(ended.stdout)
    assert (status, out) == ("Succeeded", "ROWS")
    assert reason
    assert f"a job cannot have an /opt/ml of its own ({reason})" in ended.stderr
