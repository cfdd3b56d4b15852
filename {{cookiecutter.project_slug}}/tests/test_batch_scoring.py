"""Batch scoring's scripts, in this process: what is selected, what is rejected, what comes out."""

import csv
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import Trained

import evaluate
import inference
import select_records
import summarize_scores
import train
from tabular import prediction_summary
from tabular.admission import Admission
from tabular.artifact import opened
from tabular.contract import from_document
from tabular.predictions import Predictions, joined
from tabular.records import Columns
from tabular.values import DataError
from tabular.violations import RecordCheck


@dataclass(frozen=True)
class Scoring:
    """A model, a folder of new data and what the scripts make of it."""

    model: Trained
    folder: Path
    new: pd.DataFrame

    @property
    def data(self) -> Path:
        return self.folder / "new"

    @property
    def signature(self) -> dict[str, Any]:
        return dict(Admission.of_artifact(self.model.model).signature)

    def select(self, **options: Any) -> Path:
        """The output of select_records."""
        output = self.folder / f"selected-{len(list(self.folder.iterdir()))}"
        given = {"input": self.data, "model": self.model.model, "output": output, **options}
        words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        select_records.select_records(select_records.arguments(words))
        return output

    def answers(self, output: Path) -> tuple[Path, list[dict[str, Any]]]:
        """What a batch job would write for selected records, and the answers alone."""
        folder, found = output / "answers", []
        with opened("model", self.model.model) as model:
            assert model is not None
            for file in sorted((output / "records").rglob("*.jsonl")):
                rows = lines(file)
                body = "".join(f"{json.dumps(row['features'])}\n" for row in rows)
                records = inference.input_fn(body, "application/jsonlines")
                text, _ = inference.output_fn(model.predict(records), "application/jsonlines")
                own = [json.loads(line) for line in text.splitlines()]
                target = folder / f"{file.relative_to(output / 'records')}.out"
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("w", encoding="utf-8") as written:
                    for row, answer in zip(rows, own, strict=True):
                        kept = {name: row[name] for name in ("row", "kept")}
                        written.write(f"{json.dumps({**kept, 'SageMakerOutput': answer})}\n")
                found += own
        return folder, found

    def summary(self, output: Path, answers: Path, evaluation: Path | None = None) -> Path:
        """The output of summarize_scores."""
        where = output / "scores"
        words = [f"--answers={answers}", f"--selection={output / 'selection'}", f"--output={where}"]
        words.append(f"--evaluation={evaluation or self.model.evaluation.parent}")
        summarize_scores.summarize_scores(summarize_scores.arguments(words))
        return where


def scoring_by(model: Trained, folder: Path) -> Scoring:
    """Raw test records, with an identifier and without the target, for a model."""
    text = (model.data / "records" / "test.jsonl").read_text(encoding="utf-8")
    frame = pd.DataFrame([json.loads(line) for line in text.splitlines()[:60]], dtype=str)
    frame.insert(0, "id", [f"a-{row}" for row in range(len(frame))])
    (folder / "new").mkdir()
    return Scoring(model, folder, frame)


@pytest.fixture
def scoring_of_each(trained: Trained, tmp_path: Path) -> Scoring:
    """By a model of each problem type and family."""
    return scoring_by(trained, tmp_path)


@pytest.fixture(scope="module")
def linear(split_data: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    data, folder = split_data["regression"], tmp_path_factory.mktemp("linear")
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={folder / 'model'}", "--model-family=linear"])
    tests = [f"--{name}={data / name}" for name in ("test", "schema")]
    evaluate.main([*tests, f"--model={folder / 'model'}", f"--output={folder / 'evaluation'}"])
    file = folder / "evaluation" / "evaluation.json"
    return Trained("regression", "linear", "price", data, folder / "model", file)


@pytest.fixture
def scoring(linear: Trained, tmp_path: Path) -> Scoring:
    """By one model."""
    return scoring_by(linear, tmp_path)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def document(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


def counts(output: Path) -> dict[str, Any]:
    return document(output / "selection" / "counts.json")


def test_every_format_gives_the_same_records_and_predictions(scoring_of_each: Scoring) -> None:
    scoring, folder = scoring_of_each, scoring_of_each.data
    (folder / "deep").mkdir()
    scoring.new.to_csv(folder / "a.csv", index=False)
    scoring.new.to_csv(folder / "semicolons.csv", index=False, sep=";")
    scoring.new.to_parquet(folder / "b.parquet")
    scoring.new.to_json(folder / "deep" / "c.jsonl", orient="records", lines=True)
    scoring.new.to_csv(folder / "d.csv.gz", index=False)
    (folder / "_SUCCESS").write_text("")
    output = scoring.select(keep="id")

    names = ["a.csv", "b.parquet", "d.csv.gz", "deep/c.jsonl", "semicolons.csv"]
    assert sorted(counts(output)["files"]) == names
    records = [lines(output / "records" / f"{name}.jsonl") for name in names]
    model = [column["name"] for column in scoring.signature["columns"]]
    assert list(records[0][0]["features"]) == model
    for found in records:
        assert [row["row"] for row in found] == list(range(1, 61))
        assert [row["kept"] for row in found] == [{"id": each} for each in scoring.new["id"]]
    assert all(found == records[0] for found in records[1:])

    answers, predicted = scoring.answers(output)
    scores = scoring.summary(output, answers)
    summary = document(scores / "summary" / "summary.json")
    assert summary["rows"] == summary["scored"] == 300 == summary["predictions"]["rows"]
    for place, name in enumerate(names):
        table = pd.read_csv(scores / "scored" / f"{name}.scored.csv", **READ)
        own = predicted[60 * place : 60 * (place + 1)]
        assert table["id"].tolist() == scoring.new["id"].tolist()
        assert [*map(str, table["prediction"])] == [str(each["prediction"]) for each in own]
        for label in own[0].get("probabilities", {}):
            exact = [each["probabilities"][label] for each in own]
            assert table[f"P({label})"].tolist() == exact


def test_all_columns_are_kept_or_none(scoring: Scoring) -> None:
    scoring.new.assign(note='say "hi", you', row=7).to_csv(scoring.data / "a.csv", index=False)
    whole = lines(scoring.select() / "records" / "a.csv.jsonl")[0]
    assert list(whole["kept"]) == [*scoring.new.columns, "note", "row"]
    assert whole["kept"]["note"] == 'say "hi", you' and whole["row"] == 1
    assert lines(scoring.select(keep="none") / "records" / "a.csv.jsonl")[0]["kept"] == {}
    with pytest.raises(DataError, match=r"no record|a\.csv has no column 'x', which `keep` names"):
        scoring.select(keep="x")


def test_a_file_without_a_header_has_the_model_s_columns(scoring: Scoring) -> None:
    names = [column["name"] for column in scoring.signature["columns"]]
    plain = scoring.new[names]
    plain.to_csv(scoring.data / "a.csv", index=False, header=False)
    found = lines(scoring.select() / "records" / "a.csv.jsonl")
    assert len(found) == 60 and list(found[0]["kept"]) == names

    scoring.new[["id", *names]].to_csv(scoring.data / "a.csv", index=False, header=False)
    with pytest.raises(DataError, match="name the columns by `column_names`"):
        scoring.select()
    again = lines(scoring.select(column_names=",".join(["id", *names])) / "records" / "a.csv.jsonl")
    assert [row["features"] for row in again] == [row["features"] for row in found]


def test_rejects_have_their_row_and_reason_up_to_a_share(scoring: Scoring) -> None:
    number = next(c["name"] for c in scoring.signature["columns"] if c["role"] == "numeric")
    scoring.new.loc[4, number] = "a lot"
    scoring.new.to_csv(scoring.data / "a.csv", index=False)
    scoring.new.to_json(scoring.data / "b.jsonl", orient="records", lines=True)
    with (scoring.data / "b.jsonl").open("a") as file:
        file.write('{"id": 3}\n{broken\n\n[1]\n{"id": "\\ud800"}\n')
    output = scoring.select(rejects_allowed=0.1)

    (reject,) = lines(output / "selection" / "rejects" / "a.csv.rejects.jsonl")
    assert reject["row"] == 5 and reject["reasons"] == [f"{number}: not a number"]
    assert reject["record"][number] == "a lot" and reject["record"]["id"] == "a-4"
    others = lines(output / "selection" / "rejects" / "b.jsonl.rejects.jsonl")
    assert [each["row"] for each in others] == [5, 61, 62, 64, 65]
    assert others[2]["record"] == "{broken"
    found = counts(output)
    assert (found["rows"], found["scored"], found["rejected"]) == (124, 118, 6)
    assert sum(found["reasons"].values()) == found["rejected"]
    assert 5 not in [row["row"] for row in lines(output / "records" / "a.csv.jsonl")]

    with pytest.raises(DataError) as refused:
        scoring.select(rejects_allowed=0.01)
    said = str(refused.value)
    assert said.startswith("6 of 124 records cannot be scored, 4.84% of the data, where")
    assert f"a.csv, row 5 ({number}: not a number)" in said and "`rejects_allowed` is 1.00%" in said


def test_a_file_that_cannot_be_read_is_no_matter_for_the_others(scoring: Scoring) -> None:
    scoring.new.to_csv(scoring.data / "a.csv", index=False)
    (scoring.data / "b.parquet").write_text("PAR1 nonsense")
    scoring.new.rename(columns=str.upper).head(2).to_csv(scoring.data / "c.csv", index=False)
    broken = scoring.new.to_csv(index=False) + "1," * 99 + "1\n"
    (scoring.data / "d.csv").write_text(broken)
    output = scoring.select(rejects_allowed=0.7)

    files = counts(output)["files"]
    kept = list(scoring.new)
    assert files["a.csv"] == {"kept": kept, "scored": 60, "rejected": 0, "refused": ""}
    assert "not a readable Parquet file" in files["b.parquet"]["refused"]
    assert "has no column" in files["c.csv"]["refused"]
    assert "more cells" in files["d.csv"]["refused"]
    assert [file.name for file in (output / "records").iterdir()] == ["a.csv.jsonl"], "no half file"
    with pytest.raises(DataError, match=r"3 of 4 files cannot be scored, .*b\.parquet is not"):
        scoring.select(rejects_allowed=0.1)


@pytest.mark.parametrize(
    ("content", "said"),
    [("id\n", "cannot be scored"), ("", "is empty"), ("x,y\n1,2\n", "has no column")],
)
def test_what_is_no_data_at_all_ends_with_a_sentence(
    scoring: Scoring, content: str, said: str
) -> None:
    (scoring.data / "a.csv").write_text(content)
    with pytest.raises(DataError, match=said):
        scoring.select(rejects_allowed=1)
    assert not list(scoring.folder.glob("selected-*")), "nothing is left of it"


def test_answers_that_are_lost_are_noticed(scoring: Scoring) -> None:
    scoring.new.to_csv(scoring.data / "a.csv", index=False)
    output = scoring.select()
    answers, _ = scoring.answers(output)
    (file,) = answers.iterdir()
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(DataError, match=r"answered 59 of 60 records of a\.csv"):
        scoring.summary(output, answers)
    assert not (output / "scores").exists()


def test_a_model_of_before_has_no_distribution_to_compare_with(scoring: Scoring) -> None:
    scoring.new.to_csv(scoring.data / "a.csv", index=False)
    output = scoring.select()
    answers, _ = scoring.answers(output)
    known = document(scoring.summary(output, answers) / "summary" / "summary.json")
    assert known["note"] == "" and known["reference"]["rows"] > 100

    old = document(scoring.model.evaluation)
    del old["diagnostics"]["predictions"]
    (scoring.folder / "evaluation.json").write_text(json.dumps(old))
    again = scoring.summary(output, answers, scoring.folder)
    summary = document(again / "summary" / "summary.json")
    assert "nothing to compare" in summary["note"] and summary["reference"] == {}


READ: dict[str, Any] = {"dtype": {"id": str}, "float_precision": "round_trip"}
CONTRACT = {
    "problem_type": "regression",
    "target": "rent",
    "columns": {
        "rent": {"role": "target", "type": "number"},
        "size": {
            "role": "numeric",
            "type": "number",
            "range": [10, 400],
            "usual": [20, 200],
            "spelling": "1.234,56",
            "unit": "m2",
        },
        "since": {"role": "date", "type": "date", "range": ["2000-01-01", "today"]},
        "kind": {"role": "categorical", "type": "text", "categories": ["flat", "house"]},
    },
}


@pytest.mark.parametrize("as_lists", [False, True], ids=["texts", "values"])
def test_a_contract_says_which_records_are_unfit(as_lists: bool) -> None:
    """The very ones that a server refuses, and no others."""
    columns: dict[str, list[Any]] = {
        "size": ["80,5", "80500", "x", "500", None, "90,0"],
        "since": ["2020-01-01", "2020-01-01", "2020-01-01", "1999-01-01", None, "2999-01-01"],
        "kind": ["flat", "flat", "flat", "castle", None, "flat"],
    }
    names = list(columns)
    roles = [{"name": name, "role": CONTRACT["columns"][name]["role"]} for name in names]  # type: ignore[index]
    signature = {"columns": roles, "target": "rent", "contract": CONTRACT}
    admission = Admission(signature, from_document(CONTRACT))
    kept = {n: each if as_lists else pa.array(each, pa.string()) for n, each in columns.items()}
    refused = admission.refused(Columns(kept, 6))

    assert sorted(refused) == [1, 2, 5]
    assert refused[2] == ["size: not a number like 1.234,56"]
    assert refused[5] == ["since: a date in the future"]
    check = RecordCheck(from_document(CONTRACT), names)
    for row in range(6):
        record = {name: each[row] for name, each in columns.items()}
        if row in refused:
            with pytest.raises(DataError):
                check.hold([record])
        else:
            check.hold([record])


@pytest.mark.parametrize("labels", [False, True])
def test_a_summary_does_not_depend_on_the_batches(labels: bool) -> None:
    random_numbers = np.random.default_rng(7)
    if labels:
        shares = random_numbers.dirichlet([1, 2, 3], 5_000)
        whole = Predictions(
            np.array(["a", "b", "c"])[shares.argmax(axis=1)], shares, ["a", "b", "c"]
        )
    else:
        whole = Predictions(random_numbers.normal(size=200_000))
    cuts = [0, 7, 8, len(whole) // 3, len(whole)]
    parts = [whole[start:end] for start, end in pairwise(cuts)]
    assert len(joined(parts)) == len(whole)
    summary = prediction_summary.PredictionSummary()
    for part in parts:
        summary.add(part)
    found, at_once = summary.document(), prediction_summary.of(whole)
    assert found["rows"] == at_once["rows"] == len(whole)
    if labels:
        assert found["labels"] == pytest.approx(at_once["labels"])
        assert sum(found["probabilities"].values()) == pytest.approx(1)
        assert found["probabilities"] == pytest.approx(at_once["probabilities"])
    else:
        exact = np.quantile(whole.values, np.linspace(0, 1, 21))
        assert found["quantiles"] == pytest.approx(exact, abs=0.03)
        assert found["quantiles"][0] == pytest.approx(exact[0], rel=1e-5)
        assert found["mean"] == pytest.approx(float(whole.values.mean()), rel=1e-4)


def test_tables_can_be_read_by_any_reader(scoring: Scoring) -> None:
    odd = scoring.new.assign(note='a "quoted", text\nof two lines', prediction="mine")
    odd.to_csv(scoring.data / "a.csv", index=False)
    output = scoring.select(keep="id,note,prediction")
    answers, _ = scoring.answers(output)
    scores = scoring.summary(output, answers)
    with (scores / "scored" / "a.csv.scored.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["note"] == 'a "quoted", text\nof two lines' and rows[0]["prediction"] == "mine"
    assert len(rows) == 60 and rows[0]["prediction_"]
