"""The step cache: what is reused, what is not, and what ``explain`` says about it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.jobs import processing as processing_job

from engine.definitions import (
    OUTPUT,
    Json,
    artifacts_of,
    definition,
    get,
    model,
    output_of,
    parameter,
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


def test_a_later_hit_names_the_execution_that_ran(chain: Chain) -> None:
    first = chain.run()
    chain.run()
    third = chain.run()
    source = {step["CacheHitResult"]["SourcePipelineExecutionArn"] for step in third.listed}
    assert source == {first.arn}


def test_a_changed_comment_runs_its_step_and_what_its_content_reaches(chain: Chain) -> None:
    """The model's bytes are the same, and so what is measured on them is too."""
    first = chain.run()
    chain.train += "# a comment\n"
    run = chain.run()
    assert run.verdicts == {"Prepare": "hit", "Train": "miss", "Evaluate": "hit"}
    assert run.explained["Train"].why == "channel code: script.py changed"
    assert run.arn_of("Train") != first.arn_of("Train")
    assert run.arn_of("Evaluate") == first.arn_of("Evaluate")


def test_a_changed_result_runs_what_follows(chain: Chain) -> None:
    chain.run()
    chain.train = TRAIN.replace("upper()", "lower()")
    run = chain.run()
    assert run.verdicts == {"Prepare": "hit", "Train": "miss", "Evaluate": "miss"}
    assert run.explained["Evaluate"].why == "input model: model.tar.gz changed"
    assert chain.report(run) == "a,b\n"


def test_a_new_file_in_a_data_folder_runs_everything_that_reads_it(chain: Chain) -> None:
    chain.run()
    chain.local.put("c,d\n", "data/second.csv")
    run = chain.run()
    assert run.verdicts == all_are("miss")
    assert run.explained["Prepare"].why == "input data: second.csv is new"
    assert run.explained["Train"].why == "channel train: all.csv changed"
    assert chain.report(run) == "A,B\nC,D\n"
    assert chain.run().verdicts == all_are("hit")


def test_a_file_that_went_and_one_that_changed_are_named(chain: Chain) -> None:
    uri = chain.local.put("c,d\n", "data/second.csv")
    chain.run()
    chain.local.bucket.path(uri).unlink()
    assert chain.run().explained["Prepare"].why == "input data: second.csv is gone"
    chain.local.put("x,y\n", "data/first.csv")
    assert chain.run().explained["Prepare"].why == "input data: first.csv changed"


def test_what_was_once_is_reused_though_something_else_ran_since(chain: Chain) -> None:
    first = chain.run()
    chain.local.put("x,y\n", "data/first.csv")
    chain.run()
    chain.local.put("a,b\n", "data/first.csv")
    again = chain.run()
    assert again.verdicts == all_are("hit")
    assert again.arn_of("Prepare") == first.arn_of("Prepare")


def test_the_place_of_an_input_does_not_count_its_content_does(chain: Chain) -> None:
    chain.run()
    chain.local.put("a,b\n", "elsewhere/deep/first.csv")
    chain.data = chain.local.bucket.uri("elsewhere/deep")
    assert chain.run().verdicts == all_are("hit")


def test_another_upload_of_the_same_code_and_another_upsert_change_nothing(chain: Chain) -> None:
    """``Local.code`` uploads from a new folder each time."""
    chain.run()
    sources = len(list(chain.local.root.glob("sources/*")))
    chain.local.client.update_pipeline(
        PipelineName="pipe", PipelineDisplayName="Another", PipelineDescription="Words"
    )
    assert chain.run().verdicts == all_are("hit")
    assert len(list(chain.local.root.glob("sources/*"))) > sources


def test_a_root_that_moved_keeps_its_cache(chain: Chain, tmp_path: Path) -> None:
    chain.run()
    shutil.copytree(chain.local.root, tmp_path / "moved")
    moved = Chain(Local(tmp_path / "moved", chain.local.runner))
    assert moved.run().verdicts == all_are("hit")


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


def test_a_step_without_a_cache_is_not_remembered(chain: Chain) -> None:
    chain.cache = {}
    chain.run()
    chain.cache = CACHED
    assert chain.run().explained["Prepare"].why == "it has not run before"


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


def simple(local: Local, **changes: Any) -> str:
    """One step with something of everything."""
    step = processing(
        "S",
        changes.get("code") or local.code(changes.get("script", WRITE)),
        inputs={"data": local.put("1", "data/a")},
        outputs=changes.get("outputs", ["o"]),
        arguments=changes.get("arguments", [f"{OUTPUT}/o", "--rate", "1", "--verbose", "last"]),
        environment=changes.get("environment", {"MODE": "fast"}),
        CacheConfig=CACHED,
    )
    specification = step["Arguments"]["AppSpecification"]
    specification |= changes.get("specification", {})
    step["Arguments"] |= changes.get("members", {})
    return definition(step)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "2", "--verbose", "last"]},
            "argument --rate was 1, is 2",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "1", "--verbose", "first"]},
            "argument --verbose was last, is first",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "1"]},
            "argument --verbose is gone",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--verbose", "last", "--rate", "1"]},
            "order of arguments was 0 --rate --verbose, is 0 --verbose --rate",
        ),
        ({"environment": {"MODE": "slow"}}, "environment MODE was fast, is slow"),
        ({"environment": {"MODE": "fast", "N": "1"}}, "environment N is new"),
        ({"outputs": ["o", "p"]}, "output p is new"),
        (
            {"specification": {"ImageUri": "repository/image:2"}},
            "image changed",
        ),
        ({"script": WRITE + "\n"}, "input code: script.py changed"),
    ],
)
def test_whatever_makes_the_result_is_named_when_it_changes(
    local: Local, change: Json, why: str
) -> None:
    assert local.run(simple(local)).status == "Succeeded"
    assert local.run(simple(local)).verdicts == {"S": "hit"}
    run = local.run(simple(local, **change))
    assert run.verdicts == {"S": "miss"}
    assert run.explained["S"].why.startswith(why)


@pytest.mark.parametrize(
    "members",
    [
        {"RoleArn": "arn:aws:iam::111122223333:role/another-role"},
        {"StoppingCondition": {"MaxRuntimeInSeconds": 77}},
        {"Tags": [{"Key": "a", "Value": "b"}]},
        {
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": "ml.m5.4xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 99,
                }
            }
        },
    ],
)
def test_what_does_not_make_the_result_does_not_count(local: Local, members: Json) -> None:
    local.run(simple(local))
    assert local.run(simple(local, members=members)).verdicts == {"S": "hit"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--file", "a", "--file", "z"], ["--file", "b", "--file", "z"]),
        (["--quiet", "--loud"], ["--loud", "--quiet"]),
        (["--a=1"], ["--a", "1"]),
        (["a b"], ["a", "b"]),
    ],
)
def test_arguments_that_look_alike_are_not_the_same(
    local: Local, before: list[str], after: list[str]
) -> None:
    local.run(simple(local, arguments=[f"{OUTPUT}/o", *before]))
    run = local.run(simple(local, arguments=[f"{OUTPUT}/o", *after]))
    assert run.verdicts == {"S": "miss"}
    uri = run.job("S")["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert local.read(f"{uri}/x") == " ".join(after)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"hyperparameters": {"eta": "0.2"}}, "hyperparameter eta was 0.1, is 0.2"),
        ({"environment": {"A": "2"}}, "environment A was 1, is 2"),
        ({"metrics": {"loss": "loss=(.*)", "f1": "f1=(.*)"}}, "AlgorithmSpecification Metric"),
    ],
)
def test_whatever_makes_a_model_is_named_when_it_changes(
    local: Local, members: Json, why: str
) -> None:
    channels = local.channels("print('loss=1')")
    plain: Json = {
        "hyperparameters": {"eta": "0.1"},
        "environment": {"A": "1"},
        "metrics": {"loss": "loss=(.*)"},
    }
    texts = [
        definition(training("S", channels, CacheConfig=CACHED, **found))
        for found in (plain, plain | members)
    ]
    local.run(texts[0])
    assert local.run(texts[0]).verdicts == {"S": "hit"}
    run = local.run(texts[1])
    assert run.verdicts == {"S": "miss"}
    assert run.explained["S"].why.startswith(why)


def test_many_changes_are_told_in_part(local: Local) -> None:
    arguments = [f"{OUTPUT}/o", *(f"--a{n}=1" for n in range(20))]
    local.run(simple(local))
    why = local.run(simple(local, arguments=arguments)).explained["S"].why
    assert "argument --a0=1 is new" in why
    assert why.endswith("more")
    assert len(why.split("; ")) == 9


def test_a_variable_that_a_script_names_counts_and_no_other_does(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs inherit the variables of the process that starts them; a value may be a secret."""
    script = WRITE + "import os; os.environ.get('CHOSEN_MODE')\n"
    monkeypatch.setenv("CHOSEN_MODE", "fast")
    local.run(simple(local, script=script))
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert local.run(simple(local, script=script)).verdicts == {"S": "hit"}
    monkeypatch.setenv("CHOSEN_MODE", "slow")
    run = local.run(simple(local, script=script))
    assert str(run.explained["S"]) == "S: miss, variable CHOSEN_MODE changed"


@pytest.mark.parametrize("damage", ["delete", "change", "replace by a folder"])
@pytest.mark.parametrize("step", ["Prepare", "Train"])
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


def test_an_extra_output_of_training_is_part_of_its_result(local: Local) -> None:
    script = "import os\nopen(os.environ['SM_OUTPUT_DATA_DIR'] + '/curve.csv', 'w').write('1')"
    text = definition(training("S", local.channels(script), CacheConfig=CACHED))
    first = local.run(text)
    model_uri = first.job("S")["ModelArtifacts"]["S3ModelArtifacts"]
    local.bucket.path(model_uri.replace("model.tar.gz", "output.tar.gz")).unlink()
    assert local.run(text).verdicts == {"S": "miss"}


def test_an_output_that_another_run_wrote_over_is_not_reused(local: Local) -> None:
    """The same URI in every execution, with what the parameter says."""
    text = definition(
        processing(
            "S",
            local.code(WRITE),
            outputs={"o": local.bucket.uri("fixed")},
            arguments=[f"{OUTPUT}/o", get("Parameters.Word")],
            CacheConfig=CACHED,
        ),
        parameters=[parameter("Word", "String")],
    )
    for word in ("one", "two", "one"):
        run = local.run(text, {"Word": word})
        assert run.verdicts == {"S": "miss"}
        assert local.read(local.bucket.uri("fixed/x")) == word
    assert local.run(text, {"Word": "one"}).verdicts == {"S": "hit"}


def test_an_output_that_was_written_over_at_once_is_not_taken_for_the_jobs(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two executions side by side write to one URI; the digests are of what the job wrote."""
    upload = processing_job._collect

    def upload_and_lose(*arguments: Any) -> None:
        upload(*arguments)
        local.put("another's", "fixed/x")

    text = definition(
        processing(
            "S",
            local.code(WRITE),
            outputs={"o": local.bucket.uri("fixed")},
            arguments=[f"{OUTPUT}/o", "mine"],
            CacheConfig=CACHED,
        )
    )
    with monkeypatch.context() as patch:
        patch.setattr(processing_job, "_collect", upload_and_lose)
        local.run(text)
    run = local.run(text)
    assert run.explained["S"].why == "its earlier results are gone or were changed"
    assert local.read(local.bucket.uri("fixed/x")) == "mine"


def test_a_result_of_inputs_that_changed_meanwhile_is_not_reused(local: Local) -> None:
    """What was signed is not what the job may have read."""
    uri = local.put("old", "data/a")
    script = "import sys; open(sys.argv[1], 'w').write('new')"
    text = definition(
        processing(
            "S",
            local.code(script),
            inputs={"data": uri},
            arguments=[str(local.bucket.path(uri))],
            CacheConfig=CACHED,
        )
    )
    local.run(text)
    local.put("old", "data/a")
    run = local.run(text)
    assert str(run.explained["S"]) == "S: miss, an input changed while it last ran"


def test_an_input_that_the_step_itself_removes_is_no_error(local: Local) -> None:
    uri = local.put("old", "data/a")
    script = "import os, sys; os.remove(sys.argv[1])"
    text = definition(
        processing(
            "S",
            local.code(script),
            inputs={"data": uri},
            arguments=[str(local.bucket.path(uri))],
            CacheConfig=CACHED,
        )
    )
    assert local.run(text).status == "Succeeded"


def archive(text: str, moment: int, names: tuple[str, ...] = ("a.csv",)) -> bytes:
    """A tar.gz whose bytes differ with the moment."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), moment
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def test_archives_are_compared_by_their_members(local: Local) -> None:
    def run(packed: bytes) -> Run:
        uri = local.put(packed, "data/data.tar.gz")
        step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=CACHED)
        return local.run(definition(step))

    first, second = archive("1", 1), archive("1", 2)
    assert first != second
    run(first)
    assert run(second).verdicts == {"S": "hit"}
    changed = run(archive("2", 1))
    assert changed.explained["S"].why == "input data: data.tar.gz changed"
    assert run(archive("1", 1, ("a.csv", "b.csv"))).verdicts == {"S": "miss"}
    assert run(b"no archive at all").verdicts == {"S": "miss"}
    assert run(first[:-20]).verdicts == {"S": "miss"}
    long = archive(" ".join(map(str, range(60_000))), 1)
    for packed in (first, long):
        middle = len(packed) // 2
        broken = packed[:middle] + b"\xff" * 20 + packed[middle + 20 :]
        assert run(broken).verdicts == {"S": "miss"}


@pytest.mark.slow
def test_folders_of_very_many_files_are_compared_to_the_last_one(local: Local) -> None:
    for number in range(510):
        local.put("1", f"data/{number}.csv")
    uri = local.bucket.uri("data")
    step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=CACHED)
    local.run(definition(step))
    assert local.run(definition(step)).verdicts == {"S": "hit"}
    local.put("2", "data/400.csv")
    run = local.run(definition(step))
    assert str(run.explained["S"]) == "S: miss, input data (all files) changed"


def test_an_input_that_is_not_there_fails_the_step_as_it_does_without_a_cache(local: Local) -> None:
    reasons = []
    for cache in (CACHED, {}):
        uri = local.bucket.uri("absent")
        step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=cache)
        reasons.append(local.run(definition(step)).reason("S"))
    assert reasons[0] == reasons[1]
    assert "There is nothing at s3://sagemaker-local/absent" in reasons[0]


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
