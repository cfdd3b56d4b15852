"""Processing jobs, run from small definitions with real scripts."""

from __future__ import annotations

import json
import tarfile
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from engine.definitions import (
    CODE,
    OUTPUT,
    definition,
    get,
    join,
    json_get,
    output_of,
    parameter,
    processing,
    step,
)
from engine.local import Local, Run

WRITE = """
import sys
from pathlib import Path
*_, output, text = sys.argv
Path(output, "out.txt").write_text(text, encoding="utf-8")
"""


def ran(local: Local, script: str, **options: Any) -> Run:
    return local.run(definition(processing("Job", local.code(script), **options)))


def test_inputs_arguments_and_outputs(local: Local) -> None:
    local.put("1", "data/a.csv")
    local.put("2", "data/deep/b.csv")
    script = """
import sys
from pathlib import Path
import helper
source, single, output = map(Path, sys.argv[1:4])
found = sorted(p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file())
(output / "sub").mkdir()
(output / "sub" / "found.txt").write_text(" ".join(found + [p.name for p in single.iterdir()]))
print(helper.__name__, *sys.argv[4:])
"""
    step = processing(
        "Job",
        local.code(script, helper=""),
        inputs={"all": "s3://sagemaker-local/data", "one": "s3://sagemaker-local/data/a.csv"},
        outputs={"out": "s3://sagemaker-local/results"},
        arguments=[
            "/opt/ml/processing/input/all",
            "/opt/ml/processing/input/one",
            f"{OUTPUT}/out",
            "--path=/opt/ml/model/x",
            "s3://bucket/opt/ml/y",
            "/opt/mlflow",
            join("", get("Parameters.Number")),
        ],
    )
    run = local.run(definition(step, parameters=[parameter("Number", "Float", 3)]))
    assert run.status == "Succeeded", run.steps
    assert local.read("s3://sagemaker-local/results/sub/found.txt") == "a.csv deep/b.csv a.csv"
    name, path, uri, other, number = local.log(run, "Job").split()
    assert name == "helper"
    assert Path(path.removeprefix("--path=")).is_relative_to(local.root / "jobs")
    assert (uri, other, number) == ("s3://bucket/opt/ml/y", "/opt/mlflow", "3.0")


def test_the_environment_and_the_working_folder(local: Local) -> None:
    script = """
import json, os
names = ("PROCESSING_JOB_NAME", "PROCESSING_JOB_ARN", "MODE", "PLACE")
print(json.dumps({name: os.environ[name] for name in names} | {"cwd": os.getcwd()}))
"""
    run = ran(local, script, environment={"MODE": "fast", "PLACE": "/opt/ml/processing/input"})
    job = run.job("Job")
    found = json.loads(local.log(run, "Job"))
    assert found["PROCESSING_JOB_NAME"] == job["ProcessingJobName"]
    assert found["PROCESSING_JOB_ARN"] == job["ProcessingJobArn"]
    assert found["MODE"] == "fast"
    assert Path(found["PLACE"]).is_relative_to(local.root)
    assert Path(found["cwd"]).is_relative_to(local.root / "jobs" / job["ProcessingJobName"])


def test_the_configuration_files_are_there(local: Local) -> None:
    script = """
import json
from pathlib import Path
config = Path(__file__).parents[3] / "config"
for name in ("processingjobconfig", "resourceconfig"):
    print(json.dumps(json.loads((config / f"{name}.json").read_text())))
"""
    run = ran(local, script, outputs=["out"])
    assert run.status == "Succeeded", run.steps
    config, resources = map(json.loads, local.log(run, "Job").splitlines()[:2])
    assert config["ProcessingInputs"][0]["S3Input"]["LocalPath"] == CODE
    assert config["ProcessingJobName"] == run.job("Job")["ProcessingJobName"]
    assert resources["hosts"] == ["algo-1"]
    assert resources["current_instance_type"] == "ml.m5.large"


def test_a_job_is_described_as_the_service_does(local: Local) -> None:
    run = ran(local, "pass", outputs=["out"], environment={"A": "b"})
    job = run.job("Job")
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert "FailureReason" not in job
    execution = run.arn.rsplit("/", 1)[-1]
    assert job["ProcessingJobName"].startswith(f"pipelines-{execution}-Job-")
    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert uri == f"s3://sagemaker-local/runs/{execution}/Job/out"
    assert job["Environment"] == {"A": "b"}
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}  # unless it is given
    assert run.steps["Job"]["Metadata"] == {"ProcessingJob": {"Arn": job["ProcessingJobArn"]}}


def test_an_output_is_the_next_steps_input(local: Local) -> None:
    first = processing(
        "First", local.code(WRITE), outputs=["out"], arguments=[f"{OUTPUT}/out", "ü"]
    )
    second = processing(
        "Second",
        local.code(
            "import sys; print(open(sys.argv[1] + '/out.txt', encoding='utf-8').read().upper())"
        ),
        inputs={"data": output_of("First", "out")},
        arguments=["/opt/ml/processing/input/data"],
    )
    run = local.run(definition(second, first))
    assert run.statuses == {"Second": "Succeeded", "First": "Succeeded"}
    assert local.log(run, "Second") == "Ü\n"


def test_a_property_file_gives_values_to_later_steps(local: Local) -> None:
    script = """
import json, sys
with open(sys.argv[1] + "/report.json", "w") as stream:
    json.dump({"metrics": {"r2": {"value": 0.5}}, "names": ["a"]}, stream)
"""
    first = processing(
        "First",
        local.code(script),
        outputs=["out"],
        arguments=[f"{OUTPUT}/out"],
        files={"Report": ("out", "report.json")},
    )
    values = [
        json_get("First", "Report", "metrics.r2.value"),
        json_get("First", "Report", "names[0]"),
    ]
    second = processing(
        "Second", local.code("import sys; print(sys.argv[1])"), arguments=[join(" ", *values)]
    )
    run = local.run(definition(first, second))
    assert local.log(run, "Second") == "0.5 a\n"


@pytest.mark.parametrize("code", [0, 1])
def test_what_a_job_says_of_itself_is_its_exit_message(local: Local, code: int) -> None:
    script = f"""
import pathlib, sys
said = chr(252) * 600
pathlib.Path(__file__).parents[3].joinpath("output/message").write_text(said, encoding="utf-8")
sys.exit({code})
"""
    first = processing("First", local.code(script))
    words = join(" ", "it says", get("Steps.First.ExitMessage"))
    run = local.run(definition(first, step("Last", "Fail", {"ErrorMessage": words})))
    assert run.job("First")["ExitMessage"] == "ü" * 512, "the first kilobyte"
    if code == 0:
        assert run.reason("Last") == f"it says {'ü' * 512}"


def test_a_job_that_says_nothing_has_no_exit_message(local: Local) -> None:
    words = get("Steps.First.ExitMessage")
    run = local.run(
        definition(
            processing("First", local.code("pass")),
            step("Last", "Fail", {"ErrorMessage": words}),
        )
    )
    assert "ExitMessage" not in run.job("First")
    assert "Steps.First.ExitMessage has no value" in run.reason("Last")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", "property file 'Report' of step 'First' is not there: its job wrote no r.json"),
        ("{", "is not JSON"),
        ('{"metrics": {}}', "metrics.r2 of Report, property file of First has no value"),
    ],
)
def test_a_property_file_that_cannot_be_read_fails_the_step_that_reads_it(
    local: Local, text: str, expected: str
) -> None:
    script = """
import sys
if sys.argv[2] != "nothing":
    open(sys.argv[1] + "/r.json", "w").write(sys.argv[2])
"""
    first = processing(
        "First",
        local.code(script),
        outputs=["out"],
        arguments=[f"{OUTPUT}/out", text],
        files={"Report": ("out", "r.json")},
    )
    second = processing(
        "Second", local.code("pass"), arguments=[json_get("First", "Report", "metrics.r2")]
    )
    run = local.run(definition(first, second))
    assert run.statuses == {"Second": "Failed", "First": "Succeeded"}
    assert run.reason("Second").startswith("ClientError: ")
    assert expected in run.reason("Second")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("import sys; sys.exit('preprocess: no column x')", "preprocess: no column x"),
        ("print('first'); raise KeyError('price')", "KeyError: 'price'"),
        (
            "raise ValueError('NaN in x.\\n\\n  see\\nhttps://a.b')",
            "ValueError: NaN in x. see https:",
        ),
        (
            "import sys, traceback\ntry: 1 / 0\nexcept Exception as error:\n"
            "    traceback.print_exc()\n    sys.exit(f'rows: ZeroDivisionError: {error}')",
            "exited with code 1: rows: ZeroDivisionError: division by zero (log",
        ),
        ("raise ValueError('failed\\n\\nStack trace:\\n  [bt] (0)')", "ValueError: failed (log"),
        ("print('said'); print('+---'); raise SystemExit(1)", "exited with code 1: said (log"),
        ("import sys; print('last words'); sys.exit(3)", "exited with code 3: last words"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
        (
            "import pathlib, sys\n"
            "pathlib.Path(__file__).parents[3].joinpath('output/message').write_text('exit msg')\n"
            "sys.exit(1)",
            "exit msg",
        ),
    ],
)
def test_a_failure_names_script_reason_and_log(local: Local, script: str, expected: str) -> None:
    run = ran(local, script, outputs={"out": "s3://sagemaker-local/results"})
    assert run.status == "Failed"
    reason = run.reason("Job")
    assert reason.startswith("ClientError: script.py ")
    assert expected in reason
    assert "job.log" in reason
    assert run.described["FailureReason"] == "Step failure: One or multiple steps failed."
    (job,) = local.client.list_processing_jobs()["ProcessingJobSummaries"]
    described = local.client.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])
    assert described["ProcessingJobStatus"] == "Failed"
    assert expected in described["FailureReason"]


def test_a_long_reason_is_cut_and_still_names_the_log(local: Local) -> None:
    run = ran(local, "import sys; sys.exit('ä' * 5000)")
    assert "job.log" in run.reason("Job")


def test_outputs_of_a_failed_job_do_not_reach_the_bucket(local: Local) -> None:
    script = WRITE + "\nsys.exit(1)"
    run = ran(
        local,
        script,
        outputs={"out": "s3://sagemaker-local/results"},
        arguments=[f"{OUTPUT}/out", "half"],
    )
    assert run.status == "Failed"
    assert local.objects() == []


def test_an_input_that_is_not_there_fails_with_its_place(local: Local) -> None:
    run = ran(local, "pass", inputs={"data": "s3://sagemaker-local/absent"})
    assert "There is nothing at s3://sagemaker-local/absent" in run.reason("Job")


def test_outputs_may_lie_within_each_other(local: Local) -> None:
    script = """
import sys
from pathlib import Path
for folder in sys.argv[1:]:
    Path(folder, "x").write_text(folder)
"""
    run = ran(
        local,
        script,
        outputs={"inner": "s3://sagemaker-local/r/inner", "outer": "s3://sagemaker-local/r"},
        arguments=[f"{OUTPUT}/inner", f"{OUTPUT}/outer"],
    )
    assert run.status == "Succeeded"
    assert local.objects() == ["r/inner/x", "r/x"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("python3 main.py", "said 7\n"),
        ("/bin/bash -e main.sh", "shell said\n"),
        ("python3 none.py", "names none.py, and sourcedir.tar.gz has no such file"),
    ],
)
def test_a_framework_processors_script_runs(
    local: Local, tmp_path: Path, call: str, said: str
) -> None:
    """What ``FrameworkProcessor`` uploads: a tarball of sources, and ``runproc.sh``."""
    (tmp_path / "main.py").write_text("import helper, os, sys; print(sys.argv[1], helper.X)")
    (tmp_path / "main.sh").write_text("echo shell $1\n")
    (tmp_path / "helper.py").write_text("X = 7")
    archive = tmp_path / "sourcedir.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("main.py", "main.sh", "helper.py"):
            tar.add(tmp_path / name, name)
    code = local.put(archive.read_bytes(), "fw/code/sourcedir.tar.gz")
    entry = local.put(f'#!/bin/bash\ncd /opt\n{call} "$@"\n', "fw/entry/runproc.sh")
    step = processing("Job", code, inputs={"entrypoint": entry}, arguments=["said"])
    specification = step["Arguments"]["AppSpecification"]
    specification["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    run = local.run(definition(step))
    told = local.log(run, "Job") if run.status == "Succeeded" else run.reason("Job")
    assert said in told


def test_an_output_that_a_script_left_empty_is_said(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ran(local, WRITE, outputs=["full", "empty"], arguments=[f"{OUTPUT}/full", "text"])
    assert run.status == "Succeeded"
    told = f"the output 'empty' is empty: nothing was written to {OUTPUT}/empty, which is "
    assert told in local.log(run, "Job")
    assert told in capsys.readouterr().err
    assert "'full' is empty" not in local.log(run, "Job")


def test_what_a_script_wrote_where_nothing_goes_up_is_said(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links, which the service does not follow; a property file's place; a request without
    outputs."""
    script = """
        import os
        open("/opt/ml/stray", "w").write("x")
        os.makedirs("/opt/ml/processing/own")
        open("/opt/ml/processing/own/x", "w").write("x")
        for target in ("own/x", "../own/x", "/opt/ml/processing/own/x"):
            if os.path.isdir("/opt/ml/processing/output/out"):
                os.symlink(target, "/opt/ml/processing/output/out/" + target.replace("/", "-"))
        """
    code = local.code(textwrap.dedent(script))
    steps = [
        processing("Links", code, outputs=["out"], files={"Report": ("out", "report.json")}),
        processing("None", code),
    ]
    run = local.run(definition(*steps))
    assert run.status == "Succeeded", run.steps
    assert not [key for key in local.objects() if "out" in key]
    told = capsys.readouterr().err
    for what in (
        "the output 'out' has symbolic links, and those are not followed when it goes up",
        "/opt/ml/processing/own/x was written, and is in no output's folder",
        "/opt/ml/processing/own/x was written, and goes nowhere: the request has no outputs",
        "step 'Links': its job wrote no report.json to its output 'out'",
    ):
        assert what in told


@pytest.mark.parametrize(
    ("entrypoint", "reason"),
    [
        (
            ["python3", "/app/run.py"],
            "the entrypoint's '/app/run.py' is in its container image (",
        ),
        ([f"{CODE}/script.py"], "comes from S3, and is no program there: S3 keeps no right to"),
        (["bash", "-eo", "pipefail", f"{CODE}/no.sh"], f"names {CODE}/no.sh, and no input has"),
    ],
)
def test_an_entrypoint_that_is_not_there(local: Local, entrypoint: list[str], reason: str) -> None:
    step = processing("Job", local.code("pass"))
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = entrypoint
    try:
        told = local.run(definition(step)).reason("Job")
    except ClientError as error:
        told = str(error)
    assert reason in told
