"""Runs: what is recorded, whatever the end; the list, and two of them compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pipelines
import pytest

from {{ cookiecutter.package_name }} import cli, errors, evaluation, paths
from {{ cookiecutter.package_name }}.runs import (
    comparison,
    executions,
    progress,
    record,
    retry,
    surroundings,
)
from {{ cookiecutter.package_name }}.sessions import open as opening


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for runs."""
    monkeypatch.setattr(record, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def local(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session, and a folder for runs, with nothing in them."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", folder.parent / "state")
    monkeypatch.setattr(surroundings, "PARAMETERS", {"eta": 0.1, "session": "local"})
    return opening.open_session("local", warm=False)


def a_run(folder: Path, number: int, score: float | None, **given: Any) -> record.Run:
    """A finished run's folder; without a score it failed before it had one."""
    metric = given.pop("metric", "r2")
    direction = "minimize" if metric == "rmse" else "maximize"
    run = record.Run(folder / f"2026010{number}-120000-{'abc'[number % 3] * 12}")
    run.write(
        record.LINEAGE,
        {
            "run": run.name,
            "status": "Failed" if score is None else "Succeeded",
            "notebook_parameters": {"eta": 0.1, "task": "", **given},
            "git": {"commit": f"{number}" * 40, "clean": number != 2},
            "data_fingerprint": f"sha256:{number:064}",
            "versions": {"pandas": f"2.{number}"},
        },
    )
    if score is not None:
        measured = {metric: score, "mae": 1.0}
        kept = {"primary_metric": metric, "direction": direction, "model": measured}
        run.write(record.METRICS, kept)
    return run


def test_a_run_that_succeeds(local: Any, tmp_path: Path) -> None:
    file, looked_at = pipelines.data_file(tmp_path), tmp_path / "looked-at"
    evaluate = pipelines.evaluate(local, after=looked_at)
    execution = pipelines.start(local, evaluate, pipelines.register())
    with record.recorded(execution, local, file) as begun:
        assert begun.status == "Executing"
        looked_at.touch()
        progress.follow(execution, local)
    run = record.Run(begun.folder)
    assert run.name.endswith(execution.arn.rpartition("/")[2])
    assert run.status == "Succeeded"
    assert run.parameters == {"eta": 0.1, "session": "local"}
    assert [step["name"] for step in run.lineage["steps"]] == ["Evaluate", "RegisterModel"]
    assert run.lineage["steps"][0]["note"] == "test:r2=0.9"
    assert run.metrics["model"] == {"r2": 0.9, "rmse": 3.0}
    assert run.metrics["constant"]["r2"] == 0.0
    assert run.score == 0.9


def test_a_run_that_the_gate_refuses_keeps_its_metrics(local: Any, tmp_path: Path) -> None:
    execution = pipelines.start(local, pipelines.evaluate(local), pipelines.refuse())
    with (
        pytest.raises(executions.PipelineFailed),
        record.recorded(execution, local, pipelines.data_file(tmp_path)) as begun,
    ):
        progress.follow(execution, local)
    run = record.Run(begun.folder)
    assert run.status == "Failed"
    assert run.lineage["reason"] == "the pipeline failed: Missed: r2 0.9 misses 0.99"
    assert run.score == 0.9


def test_a_run_that_nobody_waited_for_is_completed_later(
    local: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    slow = pipelines.processing(local, "Wait", "import time; time.sleep(1)")
    evaluate = pipelines.evaluate(local) | {"DependsOn": ["Wait"]}
    execution = pipelines.start(local, slow, evaluate, pipelines.register())
    with record.recorded(execution, local, pipelines.data_file(tmp_path), wait=False) as begun:
        pass
    progress.follow(execution, local)
    assert record.Run(begun.folder).status == "Executing"
    monkeypatch.setattr(retry, "open_session", lambda *_, **__: local)
    capsys.readouterr()
    cli.main(["runs", "update"])
    assert capsys.readouterr().out == f"{begun.name} is Succeeded\n"
    assert record.Run(begun.folder).score == 0.9
    cli.main(["runs", "update"])
    assert capsys.readouterr().out == "no run is waited for\n"


def test_a_run_that_a_fail_step_ended_is_not_retried(
    local: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = pipelines.start(local, pipelines.evaluate(local), pipelines.refuse())
    with (
        pytest.raises(executions.PipelineFailed),
        record.recorded(execution, local, pipelines.data_file(tmp_path)),
    ):
        progress.follow(execution, local)
    monkeypatch.setattr(retry, "open_session", lambda *_, **__: local)
    with pytest.raises(errors.ProjectError, match="ended by its Fail step Missed, and SageMaker"):
        retry.retry("last")


def test_the_better_of_two_evaluations_comes_first() -> None:
    better = pipelines.EVALUATION | {"regression_metrics": {"r2": {"value": 0.95}}}
    found = evaluation.metrics_document(
        {"EvaluateLinear": pipelines.EVALUATION, "EvaluateTrees": better}
    )
    assert found["model"] == {"r2": 0.95}
    assert found["step"] == "EvaluateTrees"
    assert list(found["others"]) == ["EvaluateLinear"]
    assert found["others"]["EvaluateLinear"]["model"]["r2"] == 0.9


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (9_999.4, "9,999"), (10_000, "10,000"), (-25_432.1, "-25,432")],
)
def test_a_metric_is_as_short_as_a_person_reads_it(value: float, text: str) -> None:
    assert evaluation.readable(value) == text


def test_best_first_whatever_better_means(folder: Path) -> None:
    for number, score in ((1, 0.5), (2, 0.9), (3, None)):
        a_run(folder, number, score)
    for number, score in ((4, 200.0), (5, 100.0)):
        a_run(folder, number, score, metric="rmse", task="houses")
    ordered = [run.name[7] for run in comparison.best_first(record.all_runs())]
    assert ordered == ["5", "4", "2", "1", "3"]


def test_the_list_shows_what_differs_side_by_side(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["runs", "list"])
    assert "there is no run yet" in capsys.readouterr().out
    a_run(folder, 1, 0.5, rounds=400)
    a_run(folder, 2, 0.9, rounds=50)
    cli.main(["runs", "list"])
    heading, columns, best, second = capsys.readouterr().out.strip().splitlines()
    assert heading == "2 runs by r2, higher is better"
    assert columns.split() == ["run", "status", "r2", "mae", "rounds", "data", "git"]
    assert best.split()[2:5] == ["0.9", "1", "50"]
    assert best.endswith("22222222+") and second.endswith("11111111")


def test_the_table_of_a_notebook(folder: Path) -> None:
    assert comparison.table().empty
    a_run(folder, 1, 0.5, rounds=400)
    best = a_run(folder, 2, 0.9, rounds=50)
    table = comparison.table()
    assert table.index[0] == best.name
    assert table.loc[best.name, ["r2", "rounds"]].tolist() == [0.9, 50]


def test_two_runs_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_run(folder, 1, 0.5, eta=0.3)
    a_run(folder, 2, 0.9)
    cli.main(["runs", "compare", "20260101", "best"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][0] == "what"
    assert ["eta", "0.3", "0.1"] in lines
    assert ["git", "11111111", "22222222+"] in lines
    assert ["version", "of", "pandas", "2.1", "2.2"] in lines
    assert ["r2", "0.5", "0.9"] in lines
    assert not [line for line in lines if line[0] == "task"]


def test_a_table_of_text_is_aligned_and_short() -> None:
    """Numbers have four digits, of long texts the end is kept, and empty columns are left out."""
    rows = [
        {"run": "a", "r2": 0.123456, "note": "", "data": "s3://bucket/" + "x" * 40},
        {"run": "bcd", "r2": 12345.6, "note": "", "data": 7},
    ]
    assert comparison.text_table(rows, signs=10).splitlines() == [
        "run  r2         data",
        "a    0.1235     …xxxxxxxxx",
        "bcd  1.235e+04  7",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"), [("2026", "'2026' names 2 runs"), ("x", "'x' names no run")]
)
def test_which_run_is_meant(folder: Path, name: str, sentence: str) -> None:
    with pytest.raises(errors.ProjectError, match="there is no run yet"):
        comparison.find(name)
    for number in (1, 2):
        a_run(folder, number, 0.5)
    assert comparison.find("last").name.startswith("20260102")
    with pytest.raises(errors.ProjectError, match=sentence):
        comparison.find(name)


def test_a_record_is_never_half_written(folder: Path) -> None:
    run = a_run(folder, 1, 0.5)
    assert sorted(file.name for file in run.folder.iterdir()) == [record.LINEAGE, record.METRICS]
    assert (
        json.loads((run.folder / record.METRICS).read_text(encoding="utf-8"))["model"]["r2"] == 0.5
    )


OLD_RUN = Path(__file__).parent / "old_run"  # which the first version of this project recorded


def test_a_run_of_an_earlier_version_is_listed_and_compared(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = record.Run(folder / "20260101-000000-6yi1plombye8")
    shutil.copytree(OLD_RUN, old.folder)
    new = a_run(folder, 1, 0.5, metric_threshold=0.9)
    cli.main(["runs", "list"])
    heading, _, best, second = capsys.readouterr().out.strip().splitlines()
    assert heading == "2 runs by r2, higher is better"
    assert best.startswith(f"{old.name}  Succeeded  used-car-prices-xgboost/1")
    assert second.startswith(new.name)
    cli.main(["runs", "compare", "best", new.name])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["metric_threshold", "0.7", "0.9"] in lines


def test_a_record_that_is_no_json_is_named(folder: Path) -> None:
    run = a_run(folder, 1, 0.5)
    (run.folder / record.LINEAGE).write_text("half a rec", encoding="utf-8")
    with pytest.raises(SystemExit, match=f"runs: .*{run.name}.*is no readable record: mend it or"):
        cli.main(["runs", "list"])
