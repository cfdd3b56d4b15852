"""The step cache: what is reused, what is not, and what ``explain`` says about it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.definitions import (
    OUTPUT,
    Json,
    artifacts_of,
    definition,
    model,
    output_of,
    processing,
    register,
    training,
    true,
)
from engine.local import Local, Run, until

CACHED: Json = {"Enabled": True, "ExpireAfter": "30d"}
DATA = "/opt/ml/processing/input/data"
PREPARE = """
import sys
from pathlib import Path
source, target = map(Path, sys.argv[1:3])
files = [f for f in sorted(source.rglob("*")) if f.is_file()]
(target / "all.csv").write_text("".join(f.read_text() for f in files))
"""
TRAIN = """
import os
from pathlib import Path
rows = (Path(os.environ["SM_CHANNEL_TRAIN"]) / "all.csv").read_text()
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(rows.upper())
"""
EVALUATE = """
import sys, tarfile
source, target = sys.argv[1:3]
with tarfile.open(source + "/model.tar.gz") as tar:
    text = tar.extractfile("model.txt").read()
open(target + "/report.txt", "wb").write(text)
"""
WRITE = """
import sys
open(sys.argv[1] + "/x", "w").write(" ".join(sys.argv[2:]))
"""


class Chain:
    """Prepare, Train and Evaluate, each with its cache on; attributes may change between runs."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.prepare, self.train, self.evaluate = PREPARE, TRAIN, EVALUATE
        self.cache = CACHED
        self.data = local.bucket.uri("data")
        local.put("a,b\n", "data/first.csv")

    @property
    def text(self) -> str:
        prepare = processing(
            "Prepare",
            self.local.code(self.prepare),
            inputs={"data": self.data},
            outputs=["train"],
            arguments=[DATA, f"{OUTPUT}/train"],
            CacheConfig=self.cache,
        )
        channels = {"train": output_of("Prepare", "train"), **self.local.channels(self.train)}
        evaluate = processing(
            "Evaluate",
            self.local.code(self.evaluate),
            inputs={"model": artifacts_of("Train")},
            outputs=["report"],
            arguments=["/opt/ml/processing/input/model", f"{OUTPUT}/report"],
            CacheConfig=self.cache,
        )
        return definition(prepare, training("Train", channels, CacheConfig=self.cache), evaluate)

    def run(self, **options: Any) -> Run:
        run = self.local.run(self.text, **options)
        assert run.status == "Succeeded", run.steps
        return run

    def report(self, run: Run) -> str:
        outputs = run.job("Evaluate")["ProcessingOutputConfig"]["Outputs"]
        return self.local.read(f"{outputs[0]['S3Output']['S3Uri']}/report.txt")


@pytest.fixture
def chain(local: Local) -> Chain:
    return Chain(local)


def all_are(verdict: str) -> dict[str, str]:
    return dict.fromkeys(("Prepare", "Train", "Evaluate"), verdict)


@pytest.mark.slow
def test_nothing_changed_re_runs_nothing(chain: Chain) -> None:
    first = chain.run()
    assert first.verdicts == all_are("miss")
    assert first.explained["Train"].why == "it has not run before"
    assert all("CacheHitResult" not in step for step in first.listed)
    jobs = chain.local.jobs_run()
    again = chain.run()
    assert again.verdicts == all_are("hit")
    assert chain.local.jobs_run() == jobs == 3
    for name, step in again.steps.items():
        assert step["StepStatus"] == "Succeeded"
        assert step["CacheHitResult"] == {"SourcePipelineExecutionArn": first.arn}
        assert step["Metadata"] == first.steps[name]["Metadata"]
        assert step["StartTime"] <= step["EndTime"]
    execution = first.arn.rsplit("/", 1)[-1]
    assert str(again.explained).splitlines() == [
        f"{name}: hit, nothing changed since execution {execution}"
        for name in ("Prepare", "Train", "Evaluate")
    ]


@pytest.mark.slow
def test_a_later_hit_names_the_execution_that_ran(chain: Chain) -> None:
    first = chain.run()
    chain.run()
    third = chain.run()
    source = {step["CacheHitResult"]["SourcePipelineExecutionArn"] for step in third.listed}
    assert source == {first.arn}


@pytest.mark.slow
def test_a_changed_comment_runs_its_step_and_what_its_content_reaches(chain: Chain) -> None:
    """The model's bytes are the same, and so what is measured on them is too."""
    first = chain.run()
    chain.train += "# a comment\n"
    run = chain.run()
    assert run.verdicts == {"Prepare": "hit", "Train": "miss", "Evaluate": "hit"}
    assert run.explained["Train"].why == "channel code: script.py changed"
    assert run.arn_of("Train") != first.arn_of("Train")
    assert run.arn_of("Evaluate") == first.arn_of("Evaluate")


@pytest.mark.slow
def test_a_changed_result_runs_what_follows(chain: Chain) -> None:
    chain.run()
    chain.train = TRAIN.replace("upper()", "lower()")
    run = chain.run()
    assert run.verdicts == {"Prepare": "hit", "Train": "miss", "Evaluate": "miss"}
    assert run.explained["Evaluate"].why == "input model: model.tar.gz changed"
    assert chain.report(run) == "a,b\n"


@pytest.mark.slow
def test_a_new_file_in_a_data_folder_runs_everything_that_reads_it(chain: Chain) -> None:
    chain.run()
    chain.local.put("c,d\n", "data/second.csv")
    run = chain.run()
    assert run.verdicts == all_are("miss")
    assert run.explained["Prepare"].why == "input data: second.csv is new"
    assert run.explained["Train"].why == "channel train: all.csv changed"
    assert chain.report(run) == "A,B\nC,D\n"
    assert chain.run().verdicts == all_are("hit")


@pytest.mark.slow
def test_a_file_that_went_and_one_that_changed_are_named(chain: Chain) -> None:
    uri = chain.local.put("c,d\n", "data/second.csv")
    chain.run()
    chain.local.bucket.path(uri).unlink()
    assert chain.run().explained["Prepare"].why == "input data: second.csv is gone"
    chain.local.put("x,y\n", "data/first.csv")
    assert chain.run().explained["Prepare"].why == "input data: first.csv changed"


@pytest.mark.slow
def test_what_was_once_is_reused_though_something_else_ran_since(chain: Chain) -> None:
    first = chain.run()
    chain.local.put("x,y\n", "data/first.csv")
    chain.run()
    chain.local.put("a,b\n", "data/first.csv")
    again = chain.run()
    assert again.verdicts == all_are("hit")
    assert again.arn_of("Prepare") == first.arn_of("Prepare")


@pytest.mark.slow
def test_the_place_of_an_input_does_not_count_its_content_does(chain: Chain) -> None:
    chain.run()
    chain.local.put("a,b\n", "elsewhere/deep/first.csv")
    chain.data = chain.local.bucket.uri("elsewhere/deep")
    assert chain.run().verdicts == all_are("hit")


@pytest.mark.slow
def test_another_upload_of_the_same_code_and_another_upsert_change_nothing(chain: Chain) -> None:
    """``Local.code`` uploads from a new folder each time."""
    chain.run()
    sources = len(list(chain.local.root.glob("sources/*")))
    chain.local.client.update_pipeline(
        PipelineName="pipe", PipelineDisplayName="Another", PipelineDescription="Words"
    )
    assert chain.run().verdicts == all_are("hit")
    assert len(list(chain.local.root.glob("sources/*"))) > sources


@pytest.mark.slow
def test_a_root_that_moved_keeps_its_cache(chain: Chain, tmp_path: Path) -> None:
    chain.run()
    shutil.copytree(chain.local.root, tmp_path / "moved")
    moved = Chain(Local(tmp_path / "moved", chain.local.runner))
    assert moved.run().verdicts == all_are("hit")


@pytest.mark.slow
@pytest.mark.parametrize(
    "cache", [None, {"Enabled": False}, {"Enabled": False} | {"ExpireAfter": "P1D"}]
)
def test_the_cache_is_off_unless_the_step_says_otherwise(chain: Chain, cache: Json | None) -> None:
    chain.run()
    chain.cache = cache or {}
    run = chain.run()
    assert run.verdicts == all_are("run")
    assert run.explained["Train"].why == "its CacheConfig is off"
    assert chain.local.jobs_run() == 6


@pytest.mark.slow
def test_a_step_without_a_cache_is_not_remembered(chain: Chain) -> None:
    chain.cache = {}
    chain.run()
    chain.cache = CACHED
    assert chain.run().explained["Prepare"].why == "it has not run before"


@pytest.mark.slow
def test_a_result_that_is_too_old_is_not_reused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.run()
    for days, verdict in ((29, "hit"), (31, "miss")):
        with monkeypatch.context() as patch:
            later = time.time() + days * 86400
            patch.setattr("sagemaker_local.cache.step_cache.time.time", lambda later=later: later)
            run = chain.run()
        assert run.verdicts == all_are(verdict)
    assert run.explained["Train"].why == "its last result is older than ExpireAfter"


@pytest.mark.slow
def test_results_without_expiry_never_get_too_old(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.cache = {"Enabled": True}
    chain.run()
    later = time.time() + 1e9
    monkeypatch.setattr("sagemaker_local.cache.step_cache.time.time", lambda: later)
    assert chain.run().verdicts == all_are("hit")


FRAGILE = """
import sys
from pathlib import Path
if not Path(sys.argv[1]).exists():
    sys.exit("not yet")
"""


def test_failures_are_never_reused_and_successes_beside_them_are(local: Local) -> None:
    marker = local.root / "marker"
    text = definition(
        processing("Good", local.code("pass"), CacheConfig=CACHED),
        processing("Bad", local.code(FRAGILE), arguments=[str(marker)], CacheConfig=CACHED),
    )
    first = local.run(text)
    assert first.statuses == {"Good": "Succeeded", "Bad": "Failed"}
    assert str(first.explained["Bad"]) == "Bad: run, it did not succeed"
    marker.touch()
    second = local.run(text)
    assert second.verdicts == {"Good": "hit", "Bad": "miss"}
    assert second.explained["Bad"].why == "it has not run before"
    assert local.run(text).verdicts == {"Good": "hit", "Bad": "hit"}


def test_a_step_that_runs_still_is_told_as_such(local: Local) -> None:
    marker = local.root / "marker"
    wait = "import sys, time, pathlib\nwhile not pathlib.Path(sys.argv[1]).exists():\n"
    wait += "    time.sleep(0.005)"
    step = processing("S", local.code(wait), arguments=[str(marker)], CacheConfig=CACHED)
    run = local.start(definition(step))
    until(lambda: "S" in run.steps)
    assert str(run.explained["S"]) == "S: run, it runs still"
    marker.touch()
    assert run.wait().verdicts == {"S": "miss"}


def test_results_are_of_one_pipeline_and_one_step(local: Local) -> None:
    code = local.code("pass")
    text = definition(processing("S", code, CacheConfig=CACHED))
    local.run(text)
    other = local.run(text, name="other")
    assert str(other.explained["S"]) == "S: miss, it has not run before"
    renamed = local.run(definition(processing("T", code, CacheConfig=CACHED)))
    assert str(renamed.explained["T"]) == "T: miss, it has not run before"
    assert local.run(text, name="other").verdicts == {"S": "hit"}


def test_steps_that_start_no_job_always_run(local: Local) -> None:
    local.put("m", "model.tar.gz")
    uri = local.bucket.uri("model.tar.gz")
    text = definition(true("If", model("Model", uri), register("Register", "group", uri)))
    local.run(text)
    run = local.run(text)
    assert run.verdicts == dict.fromkeys(("If", "Model", "Register"), "run")
    assert run.explained["Register"].why == "a RegisterModel step always runs"
    packages = local.client.list_model_packages(ModelPackageGroupName="group")
    assert len(packages["ModelPackageSummaryList"]) == 2


@pytest.mark.parametrize("damage", ["delete", "change", "replace by a folder"])
@pytest.mark.parametrize("step", ["Prepare", "Train"])
@pytest.mark.slow
def test_results_that_are_gone_or_changed_are_made_again(
    chain: Chain, step: str, damage: str
) -> None:
    first = chain.run()
    if step == "Prepare":
        outputs = first.job("Prepare")["ProcessingOutputConfig"]["Outputs"]
        uri = f"{outputs[0]['S3Output']['S3Uri']}/all.csv"
    else:
        uri = first.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    file = chain.local.bucket.path(uri)
    file.unlink()
    if damage == "change":
        file.write_bytes(b"tampered")
    elif damage != "delete":
        (file / "below").mkdir(parents=True)
        (file / "below" / "x").write_text("x")
    run = chain.run()
    assert run.verdicts[step] == "miss"
    assert run.explained[step].why == "its earlier results are gone or were changed"
    assert run.verdicts["Evaluate"] == "hit"
    assert chain.report(run) == "A,B\n"


def test_an_input_that_is_not_there_fails_the_step_as_it_does_without_a_cache(local: Local) -> None:
    reasons = []
    for cache in (CACHED, {}):
        uri = local.bucket.uri("absent")
        step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=cache)
        reasons.append(local.run(definition(step)).reason("S"))
    assert reasons[0] == reasons[1]
    assert "There is nothing at s3://sagemaker-local/absent" in reasons[0]


@pytest.mark.slow
def test_a_hit_gives_its_properties_to_what_follows(chain: Chain) -> None:
    first = chain.run()
    steps = json.loads(chain.text)["Steps"]
    run = chain.local.run(definition(*steps, register("Register", "group", artifacts_of("Train"))))
    assert run.verdicts == {**all_are("hit"), "Register": "run"}
    package = chain.local.client.describe_model_package(ModelPackageName=run.arn_of("Register"))
    data = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert data == first.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]


OTHER_PROCESS = """
import sys
from pathlib import Path
from engine.local import Local
from engine.cache.test_cache import Chain
from sagemaker_local.processes.runner import SpawnRunner
run = Chain(Local(Path(sys.argv[1]), SpawnRunner())).run()
print(run.arn, *sorted(run.verdicts.values()))
"""


@pytest.mark.slow
def test_another_process_reuses_what_this_one_made(chain: Chain, source: Path) -> None:
    first = chain.run()
    tests = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(chain.local.root)],
        env={"PYTHONPATH": f"{source}:{tests}", "PATH": "/usr/bin:/bin"},
        cwd=tests.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    arn, *verdicts = ended.stdout.split()
    assert verdicts == ["hit", "hit", "hit"]
    assert Run(chain.local, arn).arn_of("Train") == first.arn_of("Train")


def test_outputs_are_read_while_others_may_write(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading 2 GB of outputs must not keep every other process from its state."""
    reading, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> dict[str, str]:
        reading.set()
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr("sagemaker_local.steps.results.Results.written", slow)
    run = local.start(definition(processing("S", local.code("pass"), CacheConfig=CACHED)))
    assert reading.wait(30)
    other = Local(local.root, local.runner)
    other.store._connection.execute("PRAGMA busy_timeout = 200")
    other.client.create_model_package_group(ModelPackageGroupName="group")
    go_on.set()
    assert run.wait().status == "Succeeded"
