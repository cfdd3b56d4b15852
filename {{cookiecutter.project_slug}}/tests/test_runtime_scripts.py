"""The runtime scripts: what they write, and the one sentence that bad input gets."""

import errno
import gzip
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from conftest import ROWS, Run, Trained

import evaluate
import inference
import preprocess
import summarize
import train
from tabular import metrics, splits, tables
from tabular.records import read_records
from tabular.values import DataError


def read_json(path: Path) -> dict:
    """A JSON file's content."""
    return json.loads(path.read_text(encoding="utf-8"))


# Preprocessing


def test_splits_are_raw_rows_with_a_schema(
    samples: dict[str, Path], split_data: dict[str, Path]
) -> None:
    data = split_data["regression"]
    schema = read_json(data / "schema" / "schema.json")
    raw = pd.read_csv(samples["regression"], dtype=str).drop(columns="listing_id")
    parts = [pd.read_csv(data / name / f"{name}.csv", dtype=str) for name in splits.SPLITS]
    together = pd.concat(parts).sort_values(list(raw.columns), ignore_index=True)
    assert together.equals(raw.sort_values(list(raw.columns), ignore_index=True))
    assert schema["rows"] == {
        name: len(part) for name, part in zip(splits.SPLITS, parts, strict=True)
    }
    assert (schema["target"], schema["problem_type"]) == ("price", "regression")
    roles = {column["name"]: column["role"] for column in schema["columns"]}
    assert roles["mileage_km"] == "numeric"
    assert roles["fuel"] == "categorical"
    assert roles["listed_on"] == "date"
    assert list(schema["ignored"]) == ["listing_id"]


def test_each_output_may_be_a_volume_of_its_own(
    samples: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the SDK's local mode: a file cannot be renamed from one mount to another."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("os.rename", refuse)
    monkeypatch.setattr("os.replace", refuse)
    preprocess.main([f"--input={samples['regression']}", f"--output={tmp_path}"])
    assert read_json(tmp_path / "schema" / "schema.json")["target"] == "price"
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*splits.SPLITS, "records", "schema"}


def test_growing_data_never_moves_a_row(samples: dict[str, Path], tmp_path: Path) -> None:
    old = pd.read_csv(samples["regression"], dtype=str)
    new = old.assign(price="1", previous_owners="")
    pd.concat([new, old]).to_csv(tmp_path / "grown.csv", index=False)
    grown = tables.read_raw(tmp_path / "grown.csv")
    before = splits.split_by_hash(tables.read_raw(samples["regression"]), 0.2, 0.2)
    after = splits.split_by_hash(grown, 0.2, 0.2)
    assert (after[ROWS:] == before).all()
    wider = grown.assign(new_column=np.where(np.arange(len(grown)) < ROWS, "x", None))
    assert (splits.split_by_hash(wider[wider.columns[::-1]], 0.2, 0.2)[ROWS:] == before).all()


def test_a_number_that_becomes_a_float_stays_in_its_split(tmp_path: Path) -> None:
    frame = pd.DataFrame({"count": range(50), "name": [f"n{i % 7}" for i in range(50)]})
    frame.to_parquet(tmp_path / "whole.parquet")
    more = pd.concat([frame, pd.DataFrame({"count": [None, 0.5], "name": ["a", "b"]})])
    more.to_parquet(tmp_path / "floats.parquet")
    shares = [splits.row_shares(tables.read_raw(path)) for path in sorted(tmp_path.iterdir())]
    assert (shares[0][:50] == shares[1]).all()


def test_a_date_split_is_by_fixed_days(samples: dict[str, Path], tmp_path: Path) -> None:
    by_date = [
        "--split=date",
        "--split-date-column=listed_on",
        "--split-dates=2023-06-01,2024-01-01",
    ]
    preprocess.main([f"--input={samples['regression']}", f"--output={tmp_path}", *by_date])
    days = {
        name: pd.read_csv(tmp_path / name / f"{name}.csv")["listed_on"] for name in splits.SPLITS
    }
    assert days["train"].max() < "2023-06-01" <= days["validation"].min()
    assert days["validation"].max() < "2024-01-01" <= days["test"].min()


def test_a_date_split_without_days_suggests_some(samples: dict[str, Path]) -> None:
    counts = tables.read_raw(samples["regression"])["listed_on"].value_counts()
    with pytest.raises(
        DataError, match=r"two fixed `split_dates`, .*: 2023-[\d-]{5},202\d-[\d-]{5}$"
    ):
        splits.check_boundaries([], counts.to_dict())


def test_files_of_several_kinds_in_nested_folders(samples: dict[str, Path], tmp_path: Path) -> None:
    frame = pd.read_csv(samples["regression"], dtype=str)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    frame[:300].to_csv(tmp_path / "a.csv", index=False)
    frame[300:500].to_csv(tmp_path / "deep" / "b.csv", index=False, sep=";", encoding="utf-8-sig")
    with gzip.open(tmp_path / "deep" / "c.csv.gz", "wt") as file:
        frame[500:600].to_csv(file, index=False)
    frame[600:].to_parquet(tmp_path / "deep" / "er" / "d.parquet")
    (tmp_path / "README.md").write_text("not data")
    assert tables.read_raw(tmp_path).equals(frame)
    assert tables.read_raw(tmp_path, row_limit=450).equals(frame[:450])


def test_roles_that_a_person_gives_are_kept(samples: dict[str, Path], tmp_path: Path) -> None:
    given = ["--categorical=previous_owners", "--numeric=listing_id", "--drop=photos,colour"]
    preprocess.main([f"--input={samples['regression']}", f"--output={tmp_path}", *given])
    schema = read_json(tmp_path / "schema" / "schema.json")
    roles = {column["name"]: column["role"] for column in schema["columns"]}
    assert (roles["previous_owners"], roles["listing_id"]) == ("categorical", "numeric")
    assert set(schema["ignored"]) == {"photos", "colour"}


@pytest.mark.parametrize(
    ("values", "problem_type"),
    [
        ([str(i) for i in range(40)], "regression"),
        (["yes", "no"] * 20, "binary_classification"),
        (["1", "2", "3", "4"] * 10, "multiclass_classification"),
    ],
)
def test_problem_type_is_inferred(values: list[str], problem_type: str) -> None:
    from tabular import batches, profile, roles

    facts = profile.profile([batches.of_columns({"y": values})], ["y"]).columns["y"]
    read = roles.target_reading(facts, "", None)
    assert roles.infer_problem_type(facts, read) == problem_type


# Bad input: one sentence, exit code 1, nothing left


def cars(edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pd.DataFrame], str]:
    """Sample listings, changed, as the text of a CSV file."""
    return lambda frame: edit(frame).to_csv(index=False)


BAD_DATA = {
    "empty": (lambda _: "", [], "bad.csv is empty"),
    "header only": (cars(lambda f: f[:0]), [], "bad.csv has no rows"),
    "unknown target": (
        cars(lambda f: f),
        ["--target=prize"],
        "'prize' is not in the data; did you mean 'price'?",
    ),
    "unknown role": (cars(lambda f: f), ["--drop=color"], "did you mean 'colour'?"),
    "one class": (cars(lambda f: f.assign(price="a")), [], "has 1 different values in 900 rows"),
    "one row": (cars(lambda f: f[:1]), [], "has 1 different values in 1 rows"),
    "two rows": (cars(lambda f: f[:2]), ["--problem-type=regression"], "is empty; give more rows"),
    "text in target": (
        cars(lambda f: f.assign(price=f["price"].mask(f.index == 7, "cheap"))),
        ["--problem-type=regression"],
        "column 'price' is numeric but row 8 holds 'cheap', which is not a number",
    ),
    "text in numbers": (
        cars(lambda f: f.assign(mileage_km=f["mileage_km"].mask(f.index == 7, "12 or so"))),
        [],
        "column 'mileage_km' is numeric but row 8 holds '12 or so', which is not a number",
    ),
    "not a date": (
        cars(lambda f: f.assign(listed_on=f["listed_on"].mask(f.index == 7, "2023-02-30"))),
        [],
        "column 'listed_on' is date but row 8 holds '2023-02-30', which is not a date",
    ),
    "many classes": (cars(lambda f: f), ["--problem-type=multiclass_classification"], "too many"),
    "three of two": (
        cars(lambda f: f.assign(price=["a", "b", "c"] * 300)),
        ["--problem-type=binary_classification"],
        "has 3 values, but binary_classification needs two",
    ),
    "no header": (
        lambda f: f.to_csv(index=False, header=False),
        [],
        "looks like data ('1'), not like names; name the columns by `column_names`",
    ),
    "too few names": (cars(lambda f: f), ["--column-names=a,b"], "but `column_names` gives 2"),
    "bad number": (cars(lambda f: f), ["--test-share=much"], "invalid float value: 'much'"),
    "bad share": (cars(lambda f: f), ["--test-share=0.9"], "sum to less than 1"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_gets_one_sentence(
    case: str, samples: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, arguments, sentence = BAD_DATA[case]
    bad = tmp_path / "bad.csv"
    bad.write_text(text(pd.read_csv(samples["regression"], dtype=str)))
    with pytest.raises(SystemExit) as stopped:
        preprocess.main([f"--input={bad}", f"--output={tmp_path / 'out'}", *arguments])
    message = str(stopped.value)
    assert message.startswith("preprocess: ") and "\n" not in message
    assert sentence in message
    assert list(tmp_path.iterdir()) == [bad]


def test_a_missing_file_ends_the_process_with_one_line(run: Run, tmp_path: Path) -> None:
    finished = run("preprocess", input=tmp_path / "cars.csv", output=tmp_path / "out")
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [
        f"preprocess: {tmp_path / 'cars.csv'} does not exist; "
        "give a CSV or Parquet file, or a folder of them"
    ]
    assert list(tmp_path.iterdir()) == []


def test_training_says_why_it_failed(
    tmp_path: Path, split_data: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SM_OUTPUT_DIR", str(tmp_path / "output"))
    data = split_data["regression"]
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    with pytest.raises(SystemExit, match=r"^train: `eta` must be above 0, not -1\.0$"):
        train.main([*channels, f"--model-dir={tmp_path / 'model'}", "--eta=-1"])
    assert (tmp_path / "output" / "failure").read_text() == "train: `eta` must be above 0, not -1.0"
    assert not (tmp_path / "model").exists()


# Training and evaluation


def test_model_beats_a_constant(trained: Trained) -> None:
    evaluation = read_json(trained.evaluation)
    measured, constant = (
        {name: metric["value"] for name, metric in evaluation[key].items()}
        for key in (f"{trained.problem_type}_metrics", "constant_metrics")
    )
    assert measured.keys() == constant.keys()
    assert np.isfinite([*measured.values(), *constant.values()]).all()
    for name, value in measured.items():
        better = value < constant[name] if name in metrics.MINIMIZED else value > constant[name]
        assert better, f"{name}: {value} against {constant[name]}"
    least = {"regression": 0.7, "binary_classification": 0.7, "multiclass_classification": 0.75}
    assert evaluation["gate"]["value"] > least[trained.problem_type]
    assert evaluation["gate"]["champion_margin"] == 0
    assert evaluation["rows"] == read_json(trained.data / "schema/schema.json")["rows"]["test"]


def test_artifact_is_plain_data_with_its_code(trained: Trained) -> None:
    trees = {"model.ubj", "forest.json"}
    model = trees if trained.family == "xgboost" else {"linear.json"}
    served = ["inference.py", "features.py", "models.py", "setup.py", "tabular/__init__.py"]
    served += ["serve.py", "serve-requirements.txt"]
    library = "answers booster_margins column_values columns connections contract dates "
    library += "documentation encoding families few_records forest hosts job json_text "
    library += "leaf_sets linear links memory numerals pace pages payloads predictions records "
    library += "service spelling suspects table_encoding tree_rows trees ubjson units "
    library += "values violations"
    served += [f"tabular/{name}.py" for name in library.split()]
    code = {f"code/{name}" for name in served}
    found = {p.relative_to(trained.model).as_posix() for p in trained.model.rglob("*.*")}
    assert {name for name in found if "__pycache__" not in name} == {
        "signature.json",
        "preprocessing.json",
        *model,
        *code,
    }


def test_training_twice_gives_the_same_model(trained: Trained, tmp_path: Path) -> None:
    channels = [f"--{name}={trained.data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={tmp_path}", f"--model_family={trained.family}"])
    for path in trained.model.glob("*.*"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


@pytest.fixture
def rivals(trained: Trained, tmp_path: Path) -> Callable[..., dict]:
    """Evaluate the trained model against a champion, and return what was written."""

    def against(champion: Path, **arguments: str) -> dict:
        where = [f"--{name}={trained.data / name}" for name in ("test", "schema")]
        where += [
            f"--model={trained.model}",
            f"--champion={champion}",
            f"--output={tmp_path / 'e'}",
        ]
        evaluate.main([*where, *(f"--{name}={value}" for name, value in arguments.items())])
        return read_json(tmp_path / "e" / "evaluation.json")

    return against


@pytest.fixture
def weak_champion(trained: Trained, tmp_path: Path) -> Path:
    """A folder with the archive of a model that hardly learned."""
    channels = [f"--{name}={trained.data / name}" for name in ("train", "validation", "schema")]
    weak = ["--num_round=1", "--max_depth=1", "--alpha=1000000", f"--model-family={trained.family}"]
    train.main([*channels, f"--model-dir={tmp_path / 'weak'}", *weak])
    (tmp_path / "champion").mkdir()
    with tarfile.open(tmp_path / "champion" / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "weak", arcname=".")
    return tmp_path / "champion"


def test_margin_over_a_champion(
    trained: Trained, rivals: Callable[..., dict], weak_champion: Path
) -> None:
    minimized = "rmse" if trained.problem_type == "regression" else "log_loss"
    for metric in ("", minimized):
        evaluation = rivals(weak_champion, **{"primary-metric": metric})
        assert evaluation["gate"]["champion_margin"] > 0
        assert evaluation["direction"] == ("minimize" if metric else "maximize")
        assert evaluation["champion_metrics"].keys() == evaluation["constant_metrics"].keys()


def test_no_champion_and_unknown_metric(rivals: Callable[..., dict], tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "marker").touch()
    assert rivals(tmp_path / "none")["champion_metrics"] == {}
    with pytest.raises(SystemExit, match=r"evaluate: primary metric 'rmsle' is not one of"):
        rivals(tmp_path / "none", **{"primary-metric": "rmsle"})


def test_a_champion_that_needs_another_column(
    trained: Trained, tmp_path: Path, samples: dict[str, Path]
) -> None:
    data = tmp_path / "data"
    preprocess.main(
        [
            f"--input={samples[trained.problem_type]}",
            f"--output={data}",
            "--drop=fuel",
            f"--problem-type={trained.problem_type}",
        ]
    )
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={tmp_path / 'model'}", "--num_round=5"])
    where = [f"--{name}={data / name}" for name in ("test", "schema")]
    where += [f"--model={tmp_path / 'model'}", f"--champion={trained.model}"]
    with pytest.raises(SystemExit, match=r"champion cannot score this data: .*'fuel' is not in"):
        evaluate.main([*where, f"--output={tmp_path / 'evaluation'}"])
    assert not (tmp_path / "evaluation").exists()


def test_an_archive_cannot_write_elsewhere(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    with tarfile.open(tmp_path / "evil" / "model.tar.gz", "w:gz") as archive:
        archive.add(trained.model / "signature.json", arcname="../signature.json")
    where = [f"--{name}={trained.data / name}" for name in ("test", "schema")]
    with pytest.raises(SystemExit, match=r"model\.tar\.gz is not a readable artifact"):
        evaluate.main([*where, f"--model={tmp_path / 'evil'}", f"--output={tmp_path / 'e'}"])


def test_metrics_agree_with_scikit_learn() -> None:
    random = np.random.default_rng(7)
    truth = random.integers(0, 2, 300).astype(str)
    score = np.round(random.random(300), 2)  # with ties
    binary = [
        {"prediction": str(int(p >= 0.5)), "probabilities": {"0": 1 - p, "1": p}} for p in score
    ]
    measured = metrics.measure("binary_classification", ["0", "1"], list(truth), binary)
    labels, actual = [row["prediction"] for row in binary], truth == "1"
    assert measured == pytest.approx(
        {
            "roc_auc": sklearn.metrics.roc_auc_score(actual, score),
            "average_precision": sklearn.metrics.average_precision_score(actual, score),
            "f1": sklearn.metrics.f1_score(truth, labels, pos_label="1"),
            "accuracy": sklearn.metrics.accuracy_score(truth, labels),
            "log_loss": sklearn.metrics.log_loss(actual, score),
        }
    )


def test_multiclass_metrics_agree_with_scikit_learn() -> None:
    random = np.random.default_rng(7)
    truth, table = random.choice(list("abc"), 200), random.dirichlet([1, 1, 1], 200)
    rows = [
        {"prediction": "abc"[row.argmax()], "probabilities": dict(zip("abc", row, strict=True))}
        for row in table
    ]
    measured = metrics.measure("multiclass_classification", list("abc"), list(truth), rows)
    labels = [row["prediction"] for row in rows]
    assert measured == pytest.approx(
        {
            "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(truth, labels),
            "macro_f1": sklearn.metrics.f1_score(truth, labels, average="macro"),
            "accuracy": sklearn.metrics.accuracy_score(truth, labels),
            "log_loss": sklearn.metrics.log_loss(truth, table),
        }
    )


# Requests


@pytest.fixture(scope="module")
def model(trained: Trained) -> inference.Model:
    """The trained model, loaded."""
    return inference.model_fn(str(trained.model))


@pytest.fixture(scope="module")
def car(trained: Trained) -> dict[str, str]:
    """A raw record of the test split."""
    return next(read_records(trained.data / "test" / "test.csv"))


def test_every_content_type_gives_the_same_answer(
    model: inference.Model, car: dict[str, str]
) -> None:
    header, line = ",".join(model.columns), ",".join(car[name] for name in model.columns)
    given = {name: value or None for name, value in car.items()}
    bodies = [
        (line, "text/csv"),
        (f"{header}\r\n{line}\r\n".encode(), "text/csv; charset=utf-8"),
        (json.dumps({"instances": [given]}), "application/json"),
        (json.dumps([given]), "application/json"),
        (json.dumps(given), "application/json"),
        (json.dumps(given) + "\n\n", "application/jsonlines"),
    ]
    answers = [
        inference.predict_fn(inference.input_fn(body, content_type), model)
        for body, content_type in bodies
    ]
    assert all(answer == answers[0] and len(answer) == 1 for answer in answers)


def test_answers_as_json_lines_and_csv(model: inference.Model, car: dict[str, str]) -> None:
    predictions = inference.predict_fn([car, car], model)
    body, content_type = inference.output_fn(predictions, "*/*")
    assert json.loads(body) == {"predictions": predictions}
    assert content_type == "application/json"
    body, content_type = inference.output_fn(predictions, "application/jsonlines")
    assert [json.loads(line) for line in body.splitlines()] == predictions
    assert content_type == "application/jsonlines"
    body, content_type = inference.output_fn(predictions, "text/csv")
    assert content_type == "text/csv"
    cells = body.splitlines()[0].split(",")
    assert len(cells) == 1 + len(model.classes)
    assert cells[0] == str(predictions[0]["prediction"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mileage_km": "far"}, "record 1: field 'mileage_km' holds 'far', which is not a number"),
        ({"mileage_km": "inf"}, "field 'mileage_km' holds 'inf', which is not a finite number"),
        ({"listed_on": "31.12.2023"}, "field 'listed_on' holds '31.12.2023', not a date"),
        ({"power_kw": [1]}, "field 'power_kw' holds [1], which is not a number"),
    ],
)
def test_a_bad_field_is_named(
    model: inference.Model, car: dict[str, str], change: dict, sentence: str
) -> None:
    with pytest.raises(DataError) as refused:
        inference.predict_fn([car | change], model)
    assert sentence in str(refused.value)
    assert refused.value.message == str(refused.value)


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        ("1,2", "text/csv", "record 1 has 2 values, not the 13 of: make, model"),
        ("[1]", "application/json", "record 1 has 1, not the 13 of"),
        ("{}", "application/json", "field 'mileage_km' is not in the record"),
        ("{", "application/json", "the request is not valid application/json"),
        ("", "text/csv", "the request holds no record"),
        ("x", "text/plain", "content type 'text/plain' is not text/csv"),
    ],
)
def test_a_bad_request_is_refused(
    model: inference.Model, body: str, content_type: str, sentence: str
) -> None:
    with pytest.raises(DataError) as refused:
        inference.predict_fn(inference.input_fn(body, content_type), model)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("script", [preprocess, train, summarize, evaluate])
def test_help_explains_the_arguments(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        script.main(["--help"])
    assert stopped.value.code == 0
    assert str(script.__doc__).splitlines()[0].split(",")[0] in capsys.readouterr().out
