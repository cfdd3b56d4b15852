"""Notebook 04: a registered model scores a folder of files, here and against AWS's protocol."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from projects import LocalState, NotebookRun, Run, failure, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
SCORING = "04_batch_scoring.ipynb"
PIPELINE = "used-car-prices-xgboost-scoring"


def a_trained(bake: Bake, run: Run, folder: Path, problem_type: str, approval: str) -> Path:
    """A project with one registered model."""
    project = Path(shutil.copytree(bake(problem_type=problem_type), folder / "project"))
    given: dict[str, Any] = {
        "sample_rows": 600,
        "metric_threshold": 0.1,
        "approval_status": approval,
    }
    run_notebook(run, project, **given).succeeded()
    return project


def listings(run: Run, project: Path, rows: int) -> pd.DataFrame:
    """New listings, as texts."""
    file = project / "data" / "listings.csv"
    words = ["sample-data", "--rows", str(rows), "--seed", "23", "--output", str(file)]
    ended: subprocess.CompletedProcess[str] = run(
        ["python", "-m", "used_car_prices", *words], project
    )
    assert ended.returncode == 0, ended.stderr
    return pd.read_csv(file, dtype=str, keep_default_na=False)


@dataclass(frozen=True)
class Scored:
    """A project, what was scored, the run of the notebook, and the folder with the tables."""

    project: Path
    new: pd.DataFrame
    ran: NotebookRun
    tables: Path

    def table(self, name: str) -> pd.DataFrame:
        file = self.tables / f"{name}.scored.csv"
        return pd.read_csv(file, dtype={"listing_id": str}, float_precision="round_trip")

    def output(self, step: str, name: str) -> Path:
        """A folder that a processing step of the scoring pipeline wrote."""
        (execution, *_) = LocalState(
            self.project
        ).session.sagemaker_client.list_pipeline_executions(PipelineName=PIPELINE)[
            "PipelineExecutionSummaries"
        ]
        number = execution["PipelineExecutionArn"].rpartition("/")[2]
        uri = f"sagemaker-local/used-car-prices/{PIPELINE}/{number}/{step}/output/{name}"
        return LocalState(self.project).path(uri)

    @property
    def summary(self) -> dict[str, Any]:
        file = self.output("SummarizeScores", "summary") / "summary.json"
        return dict(json.loads(file.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def unapproved(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regression")
    return a_trained(bake, run, folder, "regression", "PendingManualApproval")


def test_without_an_approved_model_a_sentence_says_how_to_approve_one(
    unapproved: Path, run: Run
) -> None:
    said = failure(run_notebook(run, unapproved, SCORING))
    approve = "registry approve --session local --group used-car-prices-xgboost --version 1"
    assert "used-car-prices-xgboost has no approved version; approve one by `" in said
    assert approve in said
    client = LocalState(unapproved).session.sagemaker_client
    names = [each["PipelineName"] for each in client.list_pipelines()["PipelineSummaries"]]
    assert PIPELINE not in names, "nothing was built"


@pytest.fixture(scope="module")
def scored(unapproved: Path, run: Run) -> Scored:
    """A folder of five files, of which one is broken and others have records at fault."""
    project, folder = unapproved, unapproved / "new"
    new = listings(run, project, 200)
    parts = [new[start : start + 40] for start in range(0, 200, 40)]
    (folder / "deep").mkdir(parents=True)
    parts[0].to_csv(folder / "plain.csv", index=False)
    parts[1].drop(columns="price").assign(extra="x").to_parquet(folder / "typed.parquet")
    records = (
        parts[2]
        .drop(columns="price")
        .assign(mileage_km=parts[2]["mileage_km"].mask(parts[2].index == 82, "many"))
    )
    records.to_json(folder / "deep" / "lines.jsonl", orient="records", lines=True)
    with (folder / "deep" / "lines.jsonl").open("a") as file:
        file.write("{broken\n")
    taken = [name for name in new.columns if name not in ("listing_id", "price")]
    parts[3][taken].to_csv(folder / "headless.csv", index=False, header=False)
    (folder / "broken.parquet").write_bytes(b"PAR1")
    package = LocalState(project).packages()[0]["ModelPackageArn"]
    LocalState(project).session.sagemaker_client.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved"
    )
    given: dict[str, Any] = {
        "input_data": folder,
        "output": project / "tables",
        "rejects_allowed": 0.2,
    }
    ran = run_notebook(run, project, SCORING, **given).succeeded()
    return Scored(project, new, ran, project / "tables")


def test_every_record_that_was_read_is_scored_or_rejected(scored: Scored) -> None:
    summary = scored.summary
    assert (summary["rows"], summary["scored"], summary["rejected"]) == (161, 159, 2)
    assert summary["reasons"] == {"mileage_km: not a number": 1, "the line is no JSON": 1}
    assert "not a readable Parquet" in summary["files"]["broken.parquet"]["refused"]
    assert "159 scored, 2 rejected" in scored.ran.output
    assert "1 rejected: mileage_km: not a number" in scored.ran.output
    rejects = scored.output("SelectRecords", "selection") / "rejects" / "deep"
    text = (rejects / "lines.jsonl.rejects.jsonl").read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()]
    assert [each["row"] for each in found] == [3, 41]
    assert found[0]["record"]["mileage_km"] == "many"


def test_tables_stand_under_their_inputs_names_with_the_columns_of_the_input(
    scored: Scored,
) -> None:
    files = sorted(
        path.relative_to(scored.tables).as_posix() for path in scored.tables.rglob("*.csv")
    )
    names = ["deep/lines.jsonl", "headless.csv", "plain.csv", "typed.parquet"]
    assert files == [f"{name}.scored.csv" for name in names]
    plain = scored.table("plain.csv")
    assert list(plain) == ["row", *scored.new.columns, "prediction"]
    assert plain["listing_id"].tolist() == scored.new["listing_id"][:40].tolist()
    assert list(scored.table("typed.parquet"))[-2:] == ["extra", "prediction"]
    assert "price" not in scored.table("typed.parquet"), "no target is needed"
    assert scored.table("deep/lines.jsonl")["row"].tolist() == [1, 2, *range(4, 41)]
    assert len(scored.table("headless.csv")) == 40


def test_a_record_is_predicted_as_the_model_s_own_code_does(scored: Scored, run: Run) -> None:
    """From every format, to the bit."""
    state = LocalState(scored.project)
    uri = state.packages()[0]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    model = scored.project / "model"
    shutil.unpack_archive(state.path(uri), model)
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1] + '/code'); import inference; "
        "model = inference.model_fn(sys.argv[1]); "
        "rows = inference.input_fn(sys.stdin.read(), 'application/jsonlines'); "
        "print(inference.output_fn(inference.predict_fn(rows, model), 'application/json')[0])"
    )
    body = scored.new.drop(columns="price").to_json(orient="records", lines=True)
    done = run(["python", "-c", program, str(model)], scored.project, stdin=body)
    assert done.returncode == 0, done.stderr
    exact = [each["prediction"] for each in json.loads(done.stdout)["predictions"]]
    for name, start in (("plain.csv", 0), ("typed.parquet", 40), ("headless.csv", 120)):
        assert scored.table(name)["prediction"].tolist() == exact[start : start + 40], name


def test_the_run_is_recorded_and_says_how_predictions_are_distributed(scored: Scored) -> None:
    (folder,) = [path.parent for path in scored.project.glob("reports/runs/*/scores.json")]
    record = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert record["model_package"].endswith("used-car-prices-xgboost/1")
    assert record["reference"]["rows"] > 50 and len(record["predictions"]["quantiles"]) == 21
    lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
    assert lineage["status"] == "Succeeded" and lineage["pipeline"] == PIPELINE
    assert lineage["data_source"] == "new" and lineage["data_fingerprint"]
    assert "image/svg+xml" in scored.ran.executed.read_text(encoding="utf-8"), "it shows a plot"


def test_too_many_rejects_fail_the_run_in_a_sentence(scored: Scored, run: Run) -> None:
    given: dict[str, Any] = {"input_data": scored.project / "new" / "deep", "rejects_allowed": 0.01}
    said = failure(run_notebook(run, scored.project, SCORING, **given))
    assert "2 of 41 records cannot be scored, 4.88% of the data" in said
    assert "lines.jsonl, row 3 (mileage_km: not a number)" in said
    assert "`rejects_allowed` is 1.00%" in said


def test_classes_have_probabilities_and_kept_columns_stand_alone(
    bake: Bake, run: Run, tmp_path: Path
) -> None:
    kind = "binary_classification"
    project = a_trained(bake, run, tmp_path, kind, "Approved")
    listings(run, project, 60)
    given: dict[str, Any] = {
        "input_data": "data/listings.csv",
        "keep": "listing_id,fuel",
        "capture": True,
    }
    ran = run_notebook(run, project, SCORING, **given).succeeded()

    scored = Scored(project, pd.DataFrame(), ran, project / "reports" / "scored")
    table = scored.table("listings.csv")
    classes = scored.summary["classes"]
    shares = [f"P({label})" for label in classes]
    ids = ["SageMakerInferenceId", "SageMakerInferenceTime"]
    assert list(table) == ["row", "listing_id", "fuel", "prediction", *shares, *ids]
    assert table[ids[0]].is_unique
    assert table[shares].sum(axis=1).tolist() == pytest.approx([1] * 60)
    of_labels = scored.summary["predictions"]["labels"]
    assert sum(of_labels.values()) == pytest.approx(1) and set(of_labels) == set(classes)
    assert set(scored.summary["reference"]["labels"]) == set(classes)


def test_the_watch_scores_each_file_that_comes_in_once(scored: Scored, run: Run) -> None:
    """By real runs; the rest of the watch is tested with runs that a test ends."""
    project = scored.project
    incoming = project / "data" / "incoming"
    incoming.mkdir(parents=True)
    scored.new[:20].to_csv(incoming / "good.csv", index=False)
    (incoming / "bad.csv").write_text("no,such\n1,2\n", encoding="utf-8")
    words = ["python", "-m", "used_car_prices", "watch", "--once", "--every", "0.1"]
    ended = run(words, project)
    assert ended.returncode == 1
    assert ended.stderr.startswith("watch: score data/incoming/bad.csv: the pipeline failed: ")
    assert len(pd.read_csv(project / "reports" / "scored" / "good.csv.scored.csv")) == 20
    lines = (project / "reports" / "watch.jsonl").read_text(encoding="utf-8").splitlines()
    noted = [json.loads(line) for line in lines]
    assert [line["what"] for line in noted][1:-1] == ["begun", "failed", "begun", "done"]
    again = run(words, project)
    assert again.returncode == 0
    assert "begun" not in again.stdout, "each once, what failed too"
