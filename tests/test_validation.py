"""The training pipeline beyond a holdout: folds, both families, slices, a data contract."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]


def test_cross_validation_of_both_families_side_by_side(project: Path, run: Run) -> None:
    ran = run_notebook(
        run,
        project,
        sample_rows=1500,
        validation="cross_validation",
        folds=3,
        model_family="both",
        slices="fuel",
    ).succeeded()

    state = LocalState(project)
    steps = state.steps()
    for family in ("xgboost", "linear"):
        folds = [steps[f"TrainFold{number}-{family}"] for number in (1, 2, 3)]
        # They wait for preprocessing only, and the summary for all of them.
        assert min(step["StartTime"] for step in folds) >= steps["Preprocess"]["EndTime"]
        assert steps[f"Summarize-{family}"]["StartTime"] >= max(step["EndTime"] for step in folds)
    xgboost, linear = sorted(
        (state.evaluation(package) for package in state.packages()),
        key=lambda evaluation: evaluation["regression_metrics"]["r2"]["value"],
        reverse=True,
    )
    assert {package["ModelPackageGroupName"] for package in state.packages()} == {
        "used-car-prices-xgboost",
        "used-car-prices-linear",
    }
    for evaluation in (xgboost, linear):
        folds = evaluation["validation"]["folds"]
        measured = [fold["metrics"]["r2"] for fold in folds]
        assert len(folds) == 3
        assert evaluation["validation"]["metrics"]["r2"]["mean"] == pytest.approx(sum(measured) / 3)
        assert set(evaluation["slices"]["fuel"]) >= {"petrol", "diesel"}
    assert "Evaluate-linear: model" in ran.executed.read_text(encoding="utf-8")


def test_a_backtest_never_trains_on_the_future(project: Path, run: Run) -> None:
    backtest: dict[str, Any] = {"validation": "backtest", "split_date_column": "listed_on"}
    run_notebook(run, project, sample_rows=1500, folds=3, gate_on="validation", **backtest)

    state = LocalState(project)
    evaluation = state.evaluation(state.packages()[0])
    folds = evaluation["validation"]["folds"]
    assert [fold["first_day"] for fold in folds] == sorted(fold["first_day"] for fold in folds)
    assert evaluation["gate"]["on"] == "validation"
    assert evaluation["gate"]["value"] == evaluation["validation"]["metrics"]["r2"]["mean"]
    (written,) = (state.root / "s3").rglob("output/folds")
    for number, fold in enumerate(folds, start=1):
        days = {
            split: listed_on(written / str(number) / split / f"{split}.csv")
            for split in ("train", "validation", "test")
        }
        assert max(days["train"] + days["validation"]) < min(days["test"])
        assert (min(days["test"]), max(days["test"])) == (fold["first_day"], fold["last_day"])


def listed_on(file: Path) -> list[str]:
    """The days of a split's rows."""
    with file.open(encoding="utf-8", newline="") as rows:
        return [row["listed_on"][:10] for row in csv.DictReader(rows)]


def test_a_slice_below_its_bound_registers_nothing(project: Path, run: Run) -> None:
    bounds = "fuel=petrol:0.1,fuel=diesel:0.9999"
    ran = run_notebook(run, project, sample_rows=1500, slices="fuel", slice_bound=bounds)

    assert ran.process.returncode != 0
    sentence = ran.process.stderr.strip().splitlines()[-1]
    assert "MissedGate" in sentence and "diesel" in sentence and "petrol" not in sentence
    state = LocalState(project)
    assert state.packages() == []
    assert sentence.endswith(f"MissedGate: {state.exit_message('Evaluate')}")
    assert state.steps()["PassesGate"]["Metadata"]["Condition"]["Outcome"] == "False"


def test_rows_that_break_the_contract_register_nothing(
    project: Path, run: Run, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.csv"
    options = ["--rows", "800", "--output", str(sample)]
    run(["python", "-m", "used_car_prices", "sample-data", *options], project)
    with sample.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:  # metres instead of kilometres
        row["mileage_km"] = str(int(float(row["mileage_km"])) * 1000) if row["mileage_km"] else ""
    with sample.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (contract,) = (project / "contracts").glob("*.json")
    ran = run_notebook(run, project, input_data=sample, contract=contract)

    assert ran.process.returncode != 0
    assert "mileage_km" in ran.process.stderr.strip().splitlines()[-1]
    assert LocalState(project).packages() == []
    assert LocalState(project).exit_message("Preprocess").startswith("preprocess: ")
