"""What nobody needs is removed; what a package, an endpoint or a running execution needs stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.__main__ import main
from sagemaker_local.processes.runner import Runner
from sagemaker_local.pruning import pruning
from sagemaker_local.pruning.pruning import Removal, prune

from engine import small_pipeline
from engine.definitions import definition, output_of, processing, training
from engine.hosting import Hosted, hosting, scale, variant
from engine.local import ARNS, Local, Run, until
from engine.transforms import CSV, score

DIGEST = "0" * 16
WRITE = "import pathlib; pathlib.Path('processing/output/out/x.txt').write_text('{}')"


def tomorrow() -> datetime:
    """Older than that is everything."""
    return datetime.now(UTC) + timedelta(days=1)


def pruned(local: Local, before: datetime | None = None, dry_run: bool = False) -> dict[str, Any]:
    return {r.what: list(r.names) for r in prune(local.engine, before or tomorrow(), dry_run)}


def files(root: Path) -> set[str]:
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {name for name in found if not name.startswith(("state.db", "sources", "models"))}


def writing(local: Local, text: str, name: str = "other", **members: Any) -> Run:
    """An execution that leaves one object."""
    step = processing("Write", local.code(WRITE.format(text)), outputs=["out"], **members)
    return local.run(definition(step), name=name)


@pytest.fixture
def registered(local: Local) -> Run:
    small_pipeline.save(local)
    arn = local.client.start_pipeline_execution(PipelineName="pipe")["PipelineExecutionArn"]
    run = Run(local, arn).wait()
    assert run.status == "Succeeded", run.steps
    return run


@pytest.mark.slow
def test_all_that_a_model_package_needs_stays(local: Local, registered: Run) -> None:
    """Its execution, jobs, objects and what these were made of; nothing else of that pipeline."""
    before, results = files(local.root), small_pipeline.results(registered)
    left = writing(local, "nobody needs this")
    removed = pruned(local)
    assert removed["executions"] == [left.arn.rsplit("/", 1)[-1]]
    assert before <= files(local.root)
    assert small_pipeline.results(registered) == results
    assert registered.verdicts == dict.fromkeys(registered.verdicts, "run")
    assert len(local.client.list_processing_jobs()["ProcessingJobSummaries"]) == 3
    assert pruned(local) == {}


def test_an_execution_that_nobody_needs_goes_with_all_that_it_left(local: Local) -> None:
    local.put("a person's", "mine/data.csv")
    run = writing(local, "old")
    job, before = run.job("Write"), files(local.root)
    told = prune(local.engine, tomorrow(), dry_run=True)
    assert files(local.root) == before and run.status == "Succeeded"
    removals = prune(local.engine, tomorrow())
    assert removals == told
    identity = run.arn.rsplit("/", 1)[-1]
    name = job["ProcessingJobName"]
    objects = (f"s3://sagemaker-local/runs/{identity}/Write/out/x.txt",)
    assert removals == [
        Removal("executions", (identity,), 0),
        Removal("folders of jobs", (name,), removals[1].size),
        Removal("objects of jobs", objects, 3),
    ]
    assert removals[1].size > 3
    with pytest.raises(ClientError, match="does not exist"):
        _ = run.status
    with pytest.raises(ClientError, match="Could not find"):
        local.client.describe_processing_job(ProcessingJobName=name)
    assert {key.split("/")[0] for key in local.objects()} == {"mine"}
    assert [p["PipelineName"] for p in local.client.list_pipelines()["PipelineSummaries"]] == [
        "other"
    ]
    assert writing(local, "old").status == "Succeeded"


def test_what_is_younger_than_the_age_stays(local: Local) -> None:
    run = writing(local, "young")
    assert pruned(local, datetime.now(UTC) - timedelta(days=1)) == {}
    assert run.status == "Succeeded"


def test_uploads_go_unless_something_that_stays_refers_to_them(local: Local) -> None:
    """A pipeline that never ran, too."""
    used, unused = (f"code/{DIGEST[:-1]}{number}/script.py" for number in (2, 3))
    local.put("pass", used)
    local.put("pass", unused)
    uri = local.bucket.uri(used).rpartition("/")[0]
    local.create(definition(processing("P", uri, inputs={"in": "s3://sagemaker-local/x/y"})))
    assert pruned(local) == {"uploads": [local.bucket.uri(unused)]}
    assert local.bucket.path(local.bucket.uri(used)).is_file()


def test_a_pipeline_that_runs_is_not_touched(local: Local, tmp_path: Path) -> None:
    go = tmp_path / "go"
    old = writing(local, "old", name="busy")
    wait = (
        f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
        + WRITE.format("new")
    )
    step = processing("Write", local.code(wait), outputs=["out"])
    run = local.start(definition(step), name="busy")
    until(lambda: run.steps)
    assert pruned(local) == {}
    go.touch()
    assert run.wait().status == "Succeeded", run.steps
    assert old.status == "Succeeded"


@pytest.mark.slow
def test_results_that_a_younger_execution_took_from_the_cache_stay(local: Local) -> None:
    cached: Any = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    first = writing(local, "once", **cached)
    between = datetime.now(UTC)
    second = writing(local, "once", **cached)
    assert second.verdicts == {"Write": "hit"}
    assert pruned(local, between) == {}
    assert second.job("Write") == first.job("Write")
    assert pruned(local)["executions"] != []
    assert writing(local, "once", **cached).verdicts == {"Write": "miss"}


class _Killed(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("at", ["objects", "folders", "state"])
def test_what_a_kill_interrupts_the_next_pruning_ends(
    local: Local, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    run = writing(local, "old", CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})

    def killed(*arguments: Any, **members: Any) -> None:
        raise _Killed

    target, name = {
        "objects": (pruning, "remove_empty"),
        "folders": (pruning.shutil, "rmtree"),
        "state": (pruning, "_forget"),
    }[at]
    with monkeypatch.context() as patched:
        patched.setattr(target, name, killed)
        with pytest.raises(_Killed):
            prune(local.engine, tomorrow())
    other = local.other()
    assert Run(other, run.arn).status == "Succeeded"
    again = other.run(definition(_step(local)), name="other")
    assert again.status == "Succeeded" and again.verdicts == {"Write": "miss"}
    assert len(pruned(other)["executions"]) == 2
    assert other.objects() == []


def _step(local: Local) -> Any:
    cache = {"Enabled": True, "ExpireAfter": "P1D"}
    return processing("Write", local.code(WRITE.format("old")), outputs=["out"], CacheConfig=cache)


@pytest.fixture
def served(tmp_path: Path, runner: Runner) -> Iterator[Hosted]:
    with hosting(tmp_path / "root", runner) as found:
        yield found


@pytest.mark.slow
def test_an_endpoint_answers_as_before(served: Hosted) -> None:
    """Its model's data is the output of a job that is old."""
    local = served.local
    served.create("scaled", variant(served.model("scale", scale(3))))
    step = score("scale", **CSV)
    local.put("1,2\n", "data/a.csv")
    assert local.run(definition(step)).status == "Succeeded"
    assert set(pruned(local)) == {"executions", "folders of jobs", "objects of jobs"}
    answer = served.runtime.invoke_endpoint(
        EndpointName="scaled", Body=b"1,2\n", ContentType="text/csv", Accept="text/csv"
    )
    assert answer["Body"].read() == b"9\n"
    log = [file for file in files(local.root) if file.startswith("endpoints/scaled")]
    assert log


def test_the_command_says_what_goes_and_what_went(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    run = writing(local, "old")
    command = ["prune", "--root", str(local.root), "--older-than"]
    main([*command, "30d"])
    assert capsys.readouterr().out == "freed 0.0 MB\n"
    main([*command, "0", "--dry-run"])
    told = capsys.readouterr().out
    assert told.startswith("1 executions, 0.0 MB\n  ") and "would free 0.0 MB" in told
    assert run.status == "Succeeded"
    main([*command, "0"])
    assert "freed 0.0 MB" in capsys.readouterr().out
    with pytest.raises(
        SystemExit, match=r"prune: .* is no folder of a local session; give another"
    ):
        main(["prune", "--root", str(local.root / "none"), "--older-than", "1"])
    with pytest.raises(SystemExit):
        main([*command, "old"])


def test_a_training_that_nobody_registered_goes_with_its_model(local: Local) -> None:
    """In a pipeline of two steps, of which the second reads the first's output."""
    script = "import os, pathlib; pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')"
    channels = {**local.channels(script), "data": output_of("Write", "out")}
    write = processing("Write", local.code(WRITE.format("x")), outputs=["out"])
    run = local.run(definition(write, training("Train", channels)))
    assert run.status == "Succeeded", run.steps
    model = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert model in pruned(local)["objects of jobs"]
    assert local.objects() == []


def test_old_versions_of_a_pipeline_go_unless_they_have_an_alias(local: Local) -> None:
    uploads = [f"code/{DIGEST[:-1]}{number}/script.py" for number in range(4)]
    for number, key in enumerate(uploads):
        local.put("pass", key)
        local.create(definition(processing("P", local.bucket.uri(key).rpartition("/")[0])))
        if number == 1:
            local.client.update_pipeline_version(
                PipelineArn=ARNS.pipeline("pipe"),
                PipelineVersionId=2,
                PipelineVersionAliasOperations={"Add": ["good"]},
            )
    assert pruned(local, datetime.now(UTC) - timedelta(days=1)) == {}
    removed = pruned(local)
    assert removed["versions of pipelines"] == ["pipe/3", "pipe/1"]
    assert removed["uploads"] == [local.bucket.uri(uploads[number]) for number in (0, 2)]
    left = local.client.list_pipeline_versions(PipelineName="pipe")["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in left] == [4, 2]
