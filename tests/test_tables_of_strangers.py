"""Tables that nobody here knows, through the training pipeline: trained, or what is wrong."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, failure, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

HERE = Path(__file__).parent
ABALONE = HERE.parents[1] / "shared" / "data" / "abalone.csv"
ABALONE_COLUMNS = (
    "sex,length,diameter,height,whole_weight,shucked_weight,viscera_weight,shell_weight,rings"
)


def write_table(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def houses(path: Path, rows: int = 400) -> Path:
    """A table that nobody here knows: a price made of area, rooms and a quarter."""
    quarters = ["north", "south", "old town"]
    table: list[list[object]] = []
    for number in range(rows):
        area, quarter = 40 + number * 7 % 90, number % 3
        price = area * 2000 + quarter * 30_000
        table.append([number, area, 1 + number % 5, quarters[quarter], price])
    return write_table(path, ["id", "area", "rooms", "quarter", "price"], table)


def test_a_strangers_table_goes_through_without_editing_code(
    project: Path, run: Run, tmp_path: Path
) -> None:
    source = houses(tmp_path / "houses.csv")
    run_notebook(run, project, input_data=source, task="houses").succeeded()

    state = LocalState(project)
    (package,) = state.packages()
    assert package["ModelPackageGroupName"] == "used-car-prices-houses-xgboost"
    assert state.evaluation(package)["regression_metrics"]["r2"]["value"] > 0.9
    listed = run(["python", "-m", "used_car_prices", "registry", "list"], project).stdout
    assert "used-car-prices-houses-xgboost\n  version 1" in listed


def test_data_that_is_in_the_bucket_already(project: Path, run: Run, tmp_path: Path) -> None:
    uri = "s3://my-tables/houses/houses.csv"
    LocalState(project).path(uri).parent.mkdir(parents=True)
    houses(LocalState(project).path(uri))
    run_notebook(run, project, input_data=uri).succeeded()

    state = LocalState(project)
    job = state.session.sagemaker_client.list_processing_jobs(NameContains="Preprocess")
    (name,) = [item["ProcessingJobName"] for item in job["ProcessingJobSummaries"]]
    described = state.session.sagemaker_client.describe_processing_job(ProcessingJobName=name)
    inputs = {item["InputName"]: item["S3Input"] for item in described["ProcessingInputs"]}
    assert inputs["data"]["S3Uri"] == uri
    assert len(state.packages()) == 1


def test_a_folder_of_parquet_files_and_a_row_limit(project: Path, run: Run, tmp_path: Path) -> None:
    import pandas as pd

    table = pd.read_csv(houses(tmp_path / "houses.csv"))
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, part in enumerate((table[:200], table[200:])):
        part.to_parquet(folder / f"part-{number}.parquet")
    run_notebook(run, project, input_data=folder, target="price", row_limit=300).succeeded()

    state = LocalState(project)
    splits = list(
        (state.root / "s3").glob("*/used-car-prices/used-car-prices-xgboost/*/Preprocess")
    )
    assert len(splits) == 1
    counts = {file.stem: len(pd.read_csv(file)) for file in splits[0].rglob("*.csv")}
    assert sum(counts.values()) == 300
    assert counts["test"] == state.evaluation(state.packages()[0])["rows"]


@pytest.mark.skipif(not ABALONE.is_file(), reason="shared/data/abalone.csv is not there")
def test_abalone(project: Path, run: Run) -> None:
    names: dict[str, Any] = {"column_names": ABALONE_COLUMNS, "target": "rings"}
    run_notebook(run, project, input_data=ABALONE, metric_threshold=0.3, **names).succeeded()

    state = LocalState(project)
    evaluation = state.evaluation(state.packages()[0])
    assert evaluation["regression_metrics"]["mse"]["value"] < 6.0


def test_names_for_1500_columns_without_a_header(project: Path, run: Run, tmp_path: Path) -> None:
    """Such lists are longer than a word of a job's command line may be."""
    names = [f"measurement_{number:04}" for number in range(1500)]
    with (tmp_path / "wide.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [[(row * (place + 3)) % 97 + place / 2 for place in range(1500)] for row in range(200)]
        )
    given: dict[str, Any] = {"target": names[7], "drop": ",".join(names[10:])}
    run_notebook(
        run,
        project,
        input_data=tmp_path / "wide.csv",
        column_names=",".join(names),
        slices=",".join(names[:2]),
        **given,
    ).succeeded()

    evaluation = LocalState(project).evaluation(LocalState(project).packages()[0])
    assert set(evaluation["importance"]["shap"]) == set(names[:10]) - {names[7]}
    assert set(evaluation["slices"]) == set(names[:2])


def test_values_at_the_edge_of_what_they_may_be(project: Path, run: Run, tmp_path: Path) -> None:
    """Whole numbers where a parameter is a float, and names with commas and quotes."""
    header = ["size, in m²", 'the "old" price', "town", "rent"]
    rows: list[list[object]] = [[n % 70, n % 9, f"t{n % 3}", 9 * (n % 70)] for n in range(300)]
    source = write_table(tmp_path / "odd.csv", header, rows)
    asked: dict[str, Any] = {
        **{"metric_threshold": 0, "eta": 1, "subsample": 1, "min_child_weight": 0, "alpha": 1},
        **{"numeric": '"size, in m²",', "drop": ' "the ""old"" price" ', "target": "rent"},
    }
    run_notebook(run, project, input_data=source, rounds=1, seed=0, **asked).succeeded()

    evaluation = LocalState(project).evaluation(LocalState(project).packages()[0])
    assert set(evaluation["importance"]["shap"]) == {"size, in m²", "town"}


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "a missing file": ({"input_data": "nowhere.csv"}, "nowhere.csv does not exist"),
    "an empty file": ({"input_data": "empty.csv"}, "empty.csv is empty"),
    "an unknown target": (
        {"input_data": "houses.csv", "target": "prise"},
        "did you mean 'price'?",
    ),
    "a target with one class": (
        {
            "input_data": "one_class.csv",
            "target": "sold",
            "problem_type": "binary_classification",
        },
        "sold",
    ),
    "text where numbers belong": (
        {"input_data": "houses.csv", "numeric": "quarter"},
        "quarter",
    ),
    "a threshold that is no number": ({"metric_threshold": "abc"}, "metric_threshold"),
    "an unknown parameter": (
        {"metric_treshold": 0.5},
        "no parameter 'metric_treshold'; did you mean 'metric_threshold'?",
    ),
    "a mistyped parameter": ({"max_depth": 2.5}, "max_depth"),
    "a session that does not exist": ({"session": "remote"}, "'local' or 'managed'"),
    "a metric of another problem type": ({"primary_metric": "roc_auc"}, "roc_auc"),
    "a problem type that does not exist": ({"problem_type": "ranking"}, "ranking"),
    "a model family that does not exist": ({"model_family": "forest"}, "forest"),
    "an approval that does not exist": ({"approval_status": "Yes"}, "Yes"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_ends_in_a_sentence_and_registers_nothing(
    project: Path, run: Run, case: str
) -> None:
    (project / "empty.csv").touch()
    houses(project / "houses.csv")
    write_table(
        project / "one_class.csv", ["area", "sold"], [[number, "yes"] for number in range(50)]
    )
    parameters, said = BAD_INPUT[case]
    ran = run_notebook(run, project, sample_rows=500, **parameters)

    assert said in failure(ran)
    state = LocalState(project)
    assert state.packages() == []
    assert state.unfinished() == []
