"""``retry_pipeline_execution``: an ended execution goes on from what had succeeded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.executions.execution import Execution
from sagemaker_local.executions.executions import Executions

from engine.definitions import (
    OUTPUT,
    Json,
    answer_of,
    artifacts_of,
    compare,
    condition,
    definition,
    fail,
    function,
    get,
    json_get,
    model,
    output_of,
    parameter,
    processing,
    register,
    training,
)
from engine.local import Local, Run, until

WRITE = "import sys; open(sys.argv[1] + '/x', 'w').write('1')"
# Fails until the file is there.
FRAGILE = """
import sys
from pathlib import Path
if not Path(sys.argv[1]).exists():
    sys.exit("not yet")
"""
WAITS = """
import sys, time
from pathlib import Path
while not Path(sys.argv[1]).exists():
    time.sleep(0.005)
"""


@pytest.fixture
def marker(local: Local) -> Path:
    local.root.mkdir(parents=True, exist_ok=True)
    return local.root / "marker"


def names_of_jobs(local: Local) -> list[str]:
    """The steps for which jobs were created, oldest first."""
    jobs = local.client.list_processing_jobs(SortOrder="Ascending")["ProcessingJobSummaries"]
    return [job["ProcessingJobName"].split("-")[2] for job in jobs]


def fragile(local: Local, marker: Path) -> str:
    """Before, Fragile and After, one after another, and Beside."""
    write = local.code(WRITE)
    before = processing("Before", write, outputs=["o"], arguments=[f"{OUTPUT}/o"])
    inputs = {"x": output_of("Before", "o")}
    return definition(
        before,
        processing("Fragile", local.code(FRAGILE), inputs=inputs, arguments=[str(marker)]),
        processing("After", local.code("pass"), DependsOn=["Fragile"]),
        processing("Beside", local.code("pass")),
    )


@pytest.mark.slow
def test_a_failed_execution_goes_on_from_what_had_succeeded(local: Local, marker: Path) -> None:
    run = local.run(fragile(local, marker), parallel=1)
    assert run.status == "Failed"
    assert run.statuses == {"Before": "Succeeded", "Fragile": "Failed", "Beside": "Succeeded"}
    before = run.steps["Before"]
    described = run.described
    assert "FailureReason" in described
    marker.touch()
    run.retry()
    assert run.status == "Succeeded"
    assert set(run.statuses.values()) == {"Succeeded"}
    assert run.steps["Before"] == before
    assert sorted(names_of_jobs(local)) == ["After", "Before", "Beside", "Fragile", "Fragile"]
    again = run.described
    assert "FailureReason" not in again
    assert again["CreationTime"] == described["CreationTime"]
    assert again["LastModifiedTime"] > described["LastModifiedTime"]
    assert "FailureReason" not in run.steps["Fragile"]
    summaries = local.client.list_pipeline_executions(PipelineName="pipe")
    (summary,) = summaries["PipelineExecutionSummaries"]
    assert summary["PipelineExecutionArn"] == run.arn
    assert summary["PipelineExecutionStatus"] == "Succeeded"


def test_while_it_runs_again_it_is_executing_and_lists_what_has_started(
    local: Local, marker: Path
) -> None:
    wait = processing("Wait", local.code(WAITS), arguments=[str(marker)])
    last = processing("Last", local.code("import sys; sys.exit(1)"), DependsOn=["Wait"])
    run = local.start(definition(wait, last))
    until(lambda: run.statuses.get("Wait") == "Executing")
    run.stop()
    assert run.wait().status == "Stopped"
    local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
    assert run.status == "Executing"
    until(lambda: run.statuses == {"Wait": "Executing"})
    marker.touch()
    assert run.wait().status == "Failed"
    assert run.statuses == {"Wait": "Succeeded", "Last": "Failed"}


def test_what_had_failed_is_off_the_list_until_it_starts_again(local: Local, marker: Path) -> None:
    wait = processing("Wait", local.code(WAITS), arguments=[str(marker)])
    bad = processing("Bad", local.code("import sys; sys.exit(1)"))
    run = local.start(definition(wait, bad), parallel=2)
    until(lambda: run.statuses == {"Wait": "Executing", "Bad": "Failed"})
    run.stop()
    run.wait()
    one = {"MaxParallelExecutionSteps": 1}
    local.client.retry_pipeline_execution(
        PipelineExecutionArn=run.arn, ParallelismConfiguration=one
    )
    until(lambda: run.statuses.get("Wait") == "Executing")
    meanwhile = run.statuses
    marker.touch()
    assert run.wait().statuses == {"Wait": "Succeeded", "Bad": "Failed"}
    assert meanwhile == {"Wait": "Executing"}


@pytest.mark.slow
def test_who_looks_right_when_it_is_resumed_finds_it_running(
    local: Local, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the thread that runs it has started; the thread of the first attempt has ended."""
    run = local.run(fragile(local, marker))
    seen: list[str] = []
    start = Execution.start

    def look_and_start(self: Execution) -> None:
        seen.append(Run(Local(local.root, local.runner), run.arn).status)
        start(self)

    go_on = Executions._run

    def look_and_go_on(self: Executions, *arguments: Any) -> None:
        seen.append(Run(Local(local.root, local.runner), run.arn).status)
        go_on(self, *arguments)

    monkeypatch.setattr(Execution, "start", look_and_start)
    monkeypatch.setattr(Executions, "_run", look_and_go_on)
    marker.touch()
    assert run.retry().status == "Succeeded"
    assert seen == ["Executing", "Executing"]


@pytest.mark.slow
def test_it_may_fail_and_be_retried_again(local: Local, marker: Path) -> None:
    run = local.run(fragile(local, marker))
    assert run.retry().status == "Failed"
    assert run.reason("Fragile").startswith("ClientError: ")
    marker.touch()
    assert run.retry().status == "Succeeded"
    assert names_of_jobs(local).count("Fragile") == 3
    assert names_of_jobs(local).count("Before") == 1


def test_conditions_keep_their_outcome(local: Local, marker: Path) -> None:
    """Although what they looked at has changed since."""
    write = "import sys; open(sys.argv[1] + '/r.json', 'w').write('{\"score\": 1}')"
    measure = processing(
        "Measure",
        local.code(write),
        outputs={"o": local.bucket.uri("report")},
        arguments=[f"{OUTPUT}/o"],
        files={"Report": ("o", "r.json")},
    )
    gate = condition(
        "Gate",
        [compare("GreaterThan", json_get("Measure", "Report", "score"), 0)],
        [processing("Yes", local.code(FRAGILE), arguments=[str(marker)])],
        [processing("No", local.code("pass"))],
    )
    run = local.run(definition(measure, gate))
    assert run.statuses == {"Measure": "Succeeded", "Gate": "Succeeded", "Yes": "Failed"}
    local.put('{"score": -1}', "report/r.json")
    marker.touch()
    run.retry()
    assert run.statuses == {"Measure": "Succeeded", "Gate": "Succeeded", "Yes": "Succeeded"}
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"


def test_models_and_packages_are_not_made_twice(local: Local, marker: Path) -> None:
    channels = local.channels("import os; open(os.environ['SM_MODEL_DIR'] + '/m', 'w').close()")
    run = local.run(
        definition(
            training("Train", channels),
            model("Create", artifacts_of("Train")),
            register("Register", "group", artifacts_of("Train")),
            processing(
                "Last",
                local.code(FRAGILE),
                arguments=[str(marker), get("Steps.Register.ModelPackageArn")],
                DependsOn=["Create"],
            ),
        )
    )
    assert run.statuses["Last"] == "Failed"
    marker.touch()
    assert run.retry().status == "Succeeded"
    packages = local.client.list_model_packages(ModelPackageGroupName="group")
    assert len(packages["ModelPackageSummaryList"]) == 1
    assert len(local.client.list_models()["Models"]) == 1
    assert len(local.client.list_training_jobs()["TrainingJobSummaries"]) == 1


def test_a_model_that_was_deleted_is_made_again(local: Local, marker: Path) -> None:
    channels = local.channels("import os; open(os.environ['SM_MODEL_DIR'] + '/m', 'w').close()")
    create = model("Create", artifacts_of("Train"))
    last = processing("Last", local.code(FRAGILE), arguments=[str(marker)], DependsOn=["Create"])
    run = local.run(definition(training("Train", channels), create, last))
    (made,) = local.client.list_models()["Models"]
    local.client.delete_model(ModelName=made["ModelName"])
    marker.touch()
    assert run.retry().status == "Succeeded"
    (again,) = local.client.list_models()["Models"]
    assert again["ModelArn"] == run.arn_of("Create")


def test_what_a_function_answered_keeps_its_type(tmp_path: Path, runner: Any) -> None:
    """The list of steps has it as a text; a comparison needs the number."""
    calls: list[Json] = []

    def answer(event: Json, context: Any) -> Json:
        calls.append(event)
        return {"score": 0.5, "rows": 7, "good": True, "word": "7"}

    local = Local(tmp_path / "root", runner, {"scorer": answer})
    marker = local.root / "marker"
    types = {"score": "Float", "rows": "Integer", "good": "Boolean", "word": "String"}
    comparisons = [
        compare("GreaterThan", answer_of("Score", "score"), 0.4),
        compare("LessThanOrEqualTo", answer_of("Score", "rows"), 7),
        compare("Equals", answer_of("Score", "good"), True),
        compare("Equals", answer_of("Score", "word"), "7"),
    ]
    run = local.run(
        definition(
            function("Score", "scorer", types),
            processing("Fragile", local.code(FRAGILE), arguments=[str(marker)]),
            condition("Gate", comparisons, DependsOn=["Fragile"]),
        )
    )
    assert run.statuses == {"Score": "Succeeded", "Fragile": "Failed"}
    marker.touch()
    run.retry()
    assert run.statuses["Gate"] == "Succeeded", run.steps["Gate"]
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert len(calls) == 1


@pytest.mark.slow
def test_a_success_whose_result_is_gone_runs_again(local: Local, marker: Path) -> None:
    run = local.run(fragile(local, marker))
    name = run.arn_of("Before").rsplit("/", 1)[-1]
    local.store.delete_resource("processing-job", name)
    marker.touch()
    assert run.retry().status == "Succeeded"
    assert run.arn_of("Before").rsplit("/", 1)[-1] != name


def test_only_what_has_failed_or_was_stopped_is_retried(local: Local, marker: Path) -> None:
    good = local.run(definition(processing("S", local.code("pass"))))
    with pytest.raises(Exception, match="The execution is Succeeded; only one that is Failed or"):
        good.retry()
    running = local.start(
        definition(processing("S", local.code(WAITS), arguments=[str(marker)])), name="other"
    )
    with pytest.raises(Exception, match="The execution is Executing; only one that is Failed or"):
        running.retry()
    marker.touch()
    assert running.wait().status == "Succeeded"
    with pytest.raises(Exception, match="ResourceNotFound"):
        Run(local, good.arn[:-3] + "abc").retry()


@pytest.mark.slow
def test_of_two_retries_at_once_one_is_refused(local: Local, marker: Path) -> None:
    """Both find it Failed; the one that writes later looks again."""
    run = local.run(fragile(local, marker))
    first = Run(local.other(), run.arn)
    marker.touch()
    local.meanwhile(first.retry)
    with pytest.raises(Exception, match="The execution is Succeeded; only one that is Failed or"):
        run.retry()
    assert names_of_jobs(local).count("Fragile") == 2


@pytest.mark.slow
def test_a_retry_that_is_sent_twice_runs_once(local: Local, marker: Path) -> None:
    run = local.run(fragile(local, marker))
    token = "a" * 32
    run.retry(ClientRequestToken=token)
    run.retry(ClientRequestToken=token)
    assert names_of_jobs(local).count("Fragile") == 2
    run.retry(ClientRequestToken="b" * 32)
    assert names_of_jobs(local).count("Fragile") == 3
    marker.touch()
    run.retry(ClientRequestToken="c" * 32)
    assert run.retry(ClientRequestToken="c" * 32).status == "Succeeded"


def test_a_start_that_is_sent_twice_starts_once(local: Local) -> None:
    text = definition(processing("S", local.code("pass")))
    local.create(text)
    arns = [
        local.client.start_pipeline_execution(PipelineName="pipe", ClientRequestToken=token * 32)
        for token in "aab"
    ]
    first, again, other = (answer["PipelineExecutionArn"] for answer in arns)
    assert first == again != other
    Run(local, first).wait()
    Run(local, other).wait()
    assert len(names_of_jobs(local)) == 2
    another = local.run(text, name="another", ClientRequestToken="a" * 32)
    assert another.arn != first


def test_a_start_that_failed_leaves_its_token(local: Local) -> None:
    text = definition(
        processing("S", local.code("pass"), arguments=[get("Parameters.N")]),
        parameters=[parameter("N", "String")],
    )
    with pytest.raises(Exception, match="has no default"):
        local.start(text, ClientRequestToken="a" * 32)
    assert local.run(text, {"N": "1"}, ClientRequestToken="a" * 32).status == "Succeeded"


@pytest.mark.slow
def test_the_limit_of_a_retry_is_its_own_or_that_of_the_start(local: Local, marker: Path) -> None:
    """Three steps wait; how many of them at a time tells the limit."""
    steps = [processing(n, local.code(WAITS), arguments=[str(marker)]) for n in "ABC"]
    run = local.start(definition(*steps), parallel=1)
    until(lambda: len(run.steps) == 1)
    for request, limit in (({}, 1), ({"MaxParallelExecutionSteps": 3}, 3), ({}, 3)):
        run.stop()
        run.wait()
        configuration = {"ParallelismConfiguration": request} if request else {}
        local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn, **configuration)
        until(lambda limit=limit: _executing(run) == limit)
        assert run.described["ParallelismConfiguration"]["MaxParallelExecutionSteps"] == limit
    marker.touch()
    assert run.wait().status == "Succeeded"


def _executing(run: Run) -> int:
    return list(run.statuses.values()).count("Executing")


def test_the_limit_of_the_pipeline_holds_for_a_retry(local: Local, marker: Path) -> None:
    steps = [processing(n, local.code(WAITS), arguments=[str(marker)]) for n in "AB"]
    local.create(definition(*steps))
    limit = {"MaxParallelExecutionSteps": 1}
    local.client.update_pipeline(PipelineName="pipe", ParallelismConfiguration=limit)
    run = local.start(definition(*steps))
    until(lambda: _executing(run) == 1)
    run.stop()
    run.wait()
    local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
    assert run.described["ParallelismConfiguration"] == limit
    marker.touch()
    run.wait()
    first, second = run.listed[::-1]
    assert first["EndTime"] <= second["StartTime"]


def test_a_retry_runs_the_definition_and_the_parameters_of_its_start(
    local: Local, marker: Path
) -> None:
    show = "import sys; print(sys.argv[2])" + FRAGILE
    text = definition(
        processing("S", local.code(show), arguments=[str(marker), get("Parameters.Word")]),
        parameters=[parameter("Word", "String", "default")],
    )
    run = local.run(text, {"Word": "given"})
    local.create(definition(fail("Other")))
    marker.touch()
    assert run.retry().status == "Succeeded"
    assert local.log(run, "S") == "given\n"
    kept = local.client.describe_pipeline_definition_for_execution(PipelineExecutionArn=run.arn)
    assert json.loads(kept["PipelineDefinition"])["Steps"][0]["Name"] == "S"
    assert kept["CreationTime"] == run.described["CreationTime"]


@pytest.mark.slow
def test_a_retry_goes_on_with_the_cache(local: Local, marker: Path) -> None:
    cached: Json = {"CacheConfig": {"Enabled": True}}
    steps = [
        processing("Bad", local.code(FRAGILE), arguments=[str(marker)]),
        processing("Last", local.code("print('ran')"), DependsOn=["Bad"], **cached),
    ]
    marker.touch()
    first = local.run(definition(*steps))
    marker.unlink()
    run = local.run(definition(*steps))
    assert run.statuses == {"Bad": "Failed"}
    marker.touch()
    run.retry()
    assert run.verdicts == {"Bad": "run", "Last": "hit"}
    assert run.arn_of("Last") == first.arn_of("Last")
    # And what a retry ran may be reused in turn.
    local.store.delete_resource("processing-job", first.arn_of("Last").rsplit("/", 1)[-1])
    marker.unlink()
    run = local.run(definition(*steps))
    marker.touch()
    run.retry()
    assert run.verdicts["Last"] == "miss"
    assert local.run(definition(*steps)).verdicts["Last"] == "hit"


OWNER = """
import sys, time
from pathlib import Path
from engine.local import Local
from engine.executions.test_resume import fragile
from sagemaker_local.processes.runner import SpawnRunner
local, marker = Local(Path(sys.argv[1]), SpawnRunner()), Path(sys.argv[2])
run = local.run(fragile(local, marker), parallel=1)
print(run.arn, flush=True)
"""


@pytest.mark.slow
def test_another_process_goes_on_where_one_left_off(
    local: Local, marker: Path, source: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", OWNER, str(local.root), str(marker)],
        env={"PYTHONPATH": f"{source}:{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        check=True,
    )
    run = Run(local, ended.stdout.strip())
    assert run.status == "Failed"
    marker.touch()
    assert run.retry().status == "Succeeded"
    assert sorted(names_of_jobs(local)) == ["After", "Before", "Beside", "Fragile", "Fragile"]


@pytest.mark.slow
def test_another_session_of_this_process_may_retry_and_stop(local: Local, marker: Path) -> None:
    """Each has a client, and a connection to the state, of its own."""
    run = local.run(fragile(local, marker))
    other = Local(local.root, local.runner)
    marker.touch()
    assert Run(other, run.arn).retry().status == "Succeeded"
    assert run.status == "Succeeded"
    marker.unlink()
    waits = local.start(definition(processing("S", local.code(WAITS), arguments=[str(marker)])))
    until(lambda: "Metadata" in waits.steps.get("S", {}))
    Run(other, waits.arn).stop()
    assert waits.wait().status == "Stopped"
