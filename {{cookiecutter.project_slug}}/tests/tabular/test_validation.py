"""Validation by folds: which rows they hold, how they are summed up, and what the gate reads."""

import json
import shutil
import tarfile
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import ROWS

import evaluate
import preprocess
import summarize
import train
from tabular import batches, metrics, partition, profile, slices, splits, tables, written
from tabular.scoring import Scored
from tabular.values import DataError

from {{ cookiecutter.package_name }}.plots import evaluation_plots

FOLDS = 3


def read_json(path: Path) -> dict:
    """A JSON file's content, refusing what is no JSON: NaN and infinities."""
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)


def read_rows(folder: Path, split: str) -> pd.DataFrame:
    """The rows of a split, as texts."""
    return pd.read_csv(folder / split / f"{split}.csv", dtype=str, keep_default_na=False)


# Which rows a fold holds


def test_each_free_row_is_tested_in_one_fold(samples: dict[str, Path]) -> None:
    raw = tables.read_raw(samples["regression"])
    free = splits.split_by_hash(raw, 0.2, 0.2) != "test"
    found = list(splits.cross_validation(raw, free, 5, 0.25))
    parts = np.array([fold.split for fold in found])
    assert ((parts == "test").sum(axis=0) == free).all()
    assert ((parts == "").all(axis=0) == ~free).all()
    for part in parts:
        shares = [(part == name).sum() / free.sum() for name in splits.SPLITS]
        assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.05)


def test_growing_data_and_equal_rows_stay_in_their_folds(samples: dict[str, Path]) -> None:
    raw = tables.read_raw(samples["regression"])
    grown = pd.concat([raw.assign(price="1"), raw, raw], ignore_index=True)
    old = list(splits.cross_validation(raw, np.full(ROWS, True), FOLDS, 0.25))
    new = list(splits.cross_validation(grown, np.full(3 * ROWS, True), FOLDS, 0.25))
    for before, after in zip(old, new, strict=True):
        assert (after.split[ROWS : 2 * ROWS] == before.split).all()
        assert (after.split[2 * ROWS :] == before.split).all()


def days_of(case: str) -> pd.Series:
    """400 dates as texts, unordered: many, few, several times of one day, and missing ones."""
    random = np.random.default_rng(7)
    span = 12 if case == "few" else 300
    offsets = random.integers(0, span, 400)
    if case == "crowded":  # half of all rows are of one day, right at a border
        offsets[::2] = 150
    texts = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(offsets, "D"), name="day")
    days = texts.dt.strftime("%Y-%m-%d").astype(object)
    if case == "times":
        days += [f"{'T '[i % 2]}{i % 24:02}:30:00+02:00" for i in range(400)]
    if case == "missing":
        days[random.random(400) < 0.2] = np.nan
    return days


def splitting(frame: pd.DataFrame, **asked: object) -> partition.Splitting:
    """How rows of texts are split, as the arguments ask."""
    given = {"split": "hash", "split_date_column": "day", "test_share": 0.2, "spelling": ""}
    options = Namespace(**{**given, "validation_share": 0.2, **asked})
    facts = profile.profile([batches.of_columns(frame)], frame.columns).columns
    return partition.Splitting.of(options, facts, {})


def folds_of(days: pd.Series, free: np.ndarray, number: int) -> list[splits.Fold]:
    """The folds of a backtest over some days, of the rows that are free."""
    frame = days.to_frame("day")
    found = splitting(frame, validation="backtest", folds=number)
    found.split = lambda _: np.where(free, "train", "test")
    batch = batches.of_columns(frame)
    found.look(lambda: [batch])
    return found.folds(batch, found.split(batch))


@pytest.mark.parametrize("case", ["many", "few", "crowded", "times", "missing"])
@pytest.mark.parametrize("number", [2, 3, 5])
def test_no_fold_has_its_future_in_its_past(case: str, number: int) -> None:
    days, free = days_of(case), np.random.default_rng(1).random(400) > 0.2
    found = folds_of(days, free, number)
    day = days.str[:10]
    previous = ""
    for fold in found:
        train_days, validation_days, test_days = (day[fold.split == name] for name in splits.SPLITS)
        assert train_days.max() < validation_days.min()
        assert validation_days.max() < test_days.min()
        assert previous < test_days.min()
        previous = test_days.max()
        assert not (fold.split[~free] != "").any()
        assert not (fold.split[days.isna()] != "").any()
        past = (day < test_days.min()) & free
        assert set(fold.split[past]) == {"train", "validation"}
        facts = [validation_days.max(), test_days.min(), test_days.max()]
        assert fold.facts == dict(zip(("past_until", "first_day", "last_day"), facts, strict=True))
    assert previous == day[free].dropna().max()
    tested = sum((fold.split == "test").sum() for fold in found)
    assert tested / (free & days.notna()).sum() == pytest.approx(0.5, abs=0.3)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (["2024-01-01"] * 50, "1 different days of 'day' outside the test split are too few"),
        ([None] * 50, "column 'day' has no date outside the test split to backtest by"),
        (["2024-01-01", "2024-12-32"] * 25, "row 2 holds '2024-12-32', which is not a date"),
    ],
)
def test_days_that_make_no_periods(days: list[str | None], sentence: str) -> None:
    column = pd.Series(days, name="day", dtype=object)
    with pytest.raises(DataError) as refused:
        folds_of(column, np.full(50, True), 2)
    assert sentence in str(refused.value)


@pytest.fixture
def split_up(samples: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Preprocess listings with some arguments, and return where the outputs are."""

    def run(kind: str, *arguments: str) -> Path:
        where = [f"--input={samples[kind]}", f"--output={tmp_path / 'data'}"]
        preprocess.main([*where, f"--problem-type={kind}", f"--folds={FOLDS}", *arguments])
        return tmp_path / "data"

    return run


BY_DATE = [
    "--split=date",
    "--split-date-column=listed_on",
    "--split-dates=2023-10-01,2024-01-15",
]


@pytest.mark.parametrize("split", ["hash", "date"])
def test_a_backtest_is_written_fold_by_fold(split: str, split_up: Callable[..., Path]) -> None:
    arguments = BY_DATE if split == "date" else BY_DATE[1:2]
    data = split_up("regression", "--validation=backtest", *arguments)
    info = read_json(data / "folds" / "folds.json")
    assert info["kind"] == "backtest" and len(info["folds"]) == FOLDS
    held_out = set(map(tuple, read_rows(data, "test").to_numpy()))
    for facts in info["folds"]:
        parts = {
            name: read_rows(data / "folds" / str(facts["fold"]), name) for name in splits.SPLITS
        }
        assert facts["rows"] == {name: len(rows) for name, rows in parts.items()}
        future = parts["test"]["listed_on"]
        assert parts["train"]["listed_on"].max() < parts["validation"]["listed_on"].min()
        assert parts["validation"]["listed_on"].max() == facts["past_until"] < future.min()
        assert (future.min(), future.max()) == (facts["first_day"], facts["last_day"])
        for rows in parts.values():
            assert list(rows) == list(read_rows(data, "train"))
            assert held_out.isdisjoint(map(tuple, rows.to_numpy()))


def test_folds_validate_on_as_large_a_share_as_the_holdout(split_up: Callable[..., Path]) -> None:
    """Of the rows that are not tested, whatever share the test split takes."""
    shares = ["--test-share=0.5", "--validation-share=0.25"]
    data = split_up("regression", "--validation=cross_validation", *shares)
    for folder in (data, *sorted((data / "folds").glob("[0-9]"))):
        rows = {name: len(read_rows(folder, name)) for name in ("train", "validation")}
        assert rows["validation"] / sum(rows.values()) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("labels", "split", "sentence"),
    [
        (
            "aabab",
            ["train", "train", "validation", "validation", "test"],
            "train split of 5 rows holds only 'a'",
        ),
        ("abab", ["train", "train", "test", "test"], "validation split of 4 rows is empty"),
    ],
)
def test_a_split_that_could_measure_nothing_is_named(
    labels: str, split: list[str], sentence: str
) -> None:
    with pytest.raises(DataError, match=f"^the {sentence}; give more rows$"):
        counts = {
            name: Counter(label for label, s in zip(labels, split, strict=True) if s == name)
            for name in splits.SPLITS
        }
        splits.check_splits(counts, "binary_classification")


def test_a_fold_that_could_measure_nothing_is_named(tmp_path: Path) -> None:
    """All rows together have both classes, and so has the first period, but not the last one."""
    days = pd.Series(pd.date_range("2024-01-01", periods=100)).dt.strftime("%Y-%m-%d")
    labels = ["yes", "no"] * 30 + ["no"] * 40
    frame = pd.DataFrame({"day": days, "sold": labels})
    found = splitting(frame, validation="backtest", folds=2)
    found.split = lambda batch: np.full(batch.rows, "train")
    batch = batches.of_columns(frame)
    found.look(lambda: [batch])
    found_labels = partition.write(tmp_path, [batch], ["day", "sold"], [], found, classes=True)
    found_labels.labels = {name: Counter(labels) for name in splits.SPLITS}
    with pytest.raises(DataError, match=r"^fold 2's test split of 100 rows holds only 'no'"):
        written.check(found_labels, "binary_classification")


def test_a_holdout_has_no_folds(split_up: Callable[..., Path]) -> None:
    data = split_up("regression")
    assert sorted(path.name for path in data.iterdir()) == [
        *("records", "schema", "test", "train", "validation")
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--validation=cross_validation", "--folds=9"], "`folds` must be 2 to 8, not 9"),
        (["--validation=backtest"], "`split_date_column` '' is not in the data"),
        (["--validation=backtest", "--split-date-column=fuel"], "column 'fuel' is date but row"),
        (["--validation=loo"], "`validation`: invalid choice: 'loo'"),
        (
            ["--validation=cross_validation", "--test-share=1", *BY_DATE],
            "`test_share` and `validation_share` must be above 0 and sum to less than 1",
        ),
        (["--slices=regoin"], "`slices` names 'regoin', which is not in the data; did you mean"),
        (
            ["--validation=cross_validation", "--row-limit=9", "--target=sold_within_30_days"],
            "split of 9 rows",
        ),
    ],
)
def test_bad_validation_arguments(
    arguments: list[str], sentence: str, split_up: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        split_up("binary_classification", *arguments)
    message = str(stopped.value)
    assert message.startswith("preprocess: ") and "\n" not in message and sentence in message
    assert not (tmp_path / "data").exists()


# Summing up


@pytest.fixture(
    scope="module",
    params=[
        ("regression", "linear", "backtest"),
        ("binary_classification", "xgboost", "cross_validation"),
        ("multiclass_classification", "xgboost", "backtest"),
    ],
    ids="-".join,
)
def validated(
    request: pytest.FixtureRequest,
    samples: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Path]:
    """A problem type, and a folder with data, models of folds, their summary and one model."""
    kind, family, validation = request.param
    work = tmp_path_factory.mktemp("validated")
    preprocess.main(
        [
            f"--input={samples[kind]}",
            f"--output={work / 'data'}",
            f"--problem-type={kind}",
            f"--validation={validation}",
            "--split-date-column=listed_on",
            f"--folds={FOLDS}",
            "--drop=region",
            "--slices=region",
        ]
    )
    settings = [f"--schema={work / 'data' / 'schema'}", f"--model-family={family}"]
    settings.append("--num_round=30")
    for number in range(1, FOLDS + 1):
        fold = work / "data" / "folds" / str(number)
        channels = [f"--{name}={fold / name}" for name in splits.SPLITS]
        train.main([*channels, *settings, f"--model-dir={work / 'models' / f'fold-{number}'}"])
    summarize.main(
        [
            f"--folds={work / 'models'}",
            f"--folds-info={work / 'data' / 'folds'}",
            f"--output={work / 'summary'}",
        ]
    )
    channels = [f"--{name}={work / 'data' / name}" for name in ("train", "validation")]
    train.main([*channels, *settings, f"--model-dir={work / 'model'}"])
    return kind, work


def test_a_summary_is_of_all_folds(validated: tuple[str, Path]) -> None:
    kind, work = validated
    summary = read_json(work / "summary" / "summary.json")
    info = read_json(work / "data" / "folds" / "folds.json")
    assert summary["kind"] == info["kind"]
    for facts, fold in zip(info["folds"], summary["folds"], strict=True):
        measured = read_json(work / "models" / f"fold-{facts['fold']}" / "fold_metrics.json")
        assert fold == {**facts, "rows": facts["rows"]["test"], "metrics": measured["metrics"]}
        assert measured["rows"] == facts["rows"]["test"]
    values = [fold["metrics"][metrics.PRIMARY[kind]] for fold in summary["folds"]]
    over = summary["metrics"][metrics.PRIMARY[kind]]
    assert over == {
        "mean": pytest.approx(np.mean(values)),
        "std": pytest.approx(pd.Series(values).std()),
    }
    assert len(set(values)) == FOLDS and min(values) > 0.4


def test_a_summary_reads_archives_and_refuses_other_folds(
    validated: tuple[str, Path], tmp_path: Path
) -> None:
    _, work = validated
    arguments = [f"--folds={tmp_path}", f"--output={tmp_path / 'summary'}"]
    arguments.append(f"--folds-info={work / 'data' / 'folds'}")
    for number in range(1, FOLDS + 1):
        (tmp_path / f"fold-{number}").mkdir()
        with tarfile.open(tmp_path / f"fold-{number}" / "model.tar.gz", "w:gz") as archive:
            archive.add(work / "models" / f"fold-{number}", arcname=".")
    summarize.main(arguments)
    expected = work / "summary" / "summary.json"
    assert (tmp_path / "summary" / "summary.json").read_bytes() == expected.read_bytes()

    shutil.copytree(work / "models" / "fold-1", tmp_path / "fold-1", dirs_exist_ok=True)
    (tmp_path / "fold-1" / "fold_metrics.json").write_text('{"rows": 1, "metrics": {}}')
    with pytest.raises(SystemExit, match=r"summarize: .* on 1 rows, but fold 1 has .* in order"):
        summarize.main(arguments)
    shutil.rmtree(tmp_path / "fold-1")
    with pytest.raises(SystemExit, match=r"summarize: .*holds no model\.tar\.gz; train on fold 1"):
        summarize.main(arguments)


def test_nothing_is_chosen_on_test_rows(validated: tuple[str, Path], tmp_path: Path) -> None:
    kind, work = validated
    fold = work / "data" / "folds" / "1"
    (tmp_path / "test").mkdir()
    rows = read_rows(fold, "test")
    upside_down = rows.assign(**{rows.columns[-1]: rows[rows.columns[-1]].to_numpy()[::-1]})
    upside_down.to_csv(tmp_path / "test" / "test.csv", index=False)
    settings = [f"--{name}={fold / name}" for name in ("train", "validation")]
    settings += [f"--schema={work / 'data' / 'schema'}", "--threshold=auto", "--num_round=50"]
    for name, test in (("honest", fold), ("other", tmp_path)):
        train.main([*settings, f"--test={test / 'test'}", f"--model-dir={tmp_path / name}"])
    measured = [read_json(tmp_path / name / "fold_metrics.json") for name in ("honest", "other")]
    assert measured[0]["metrics"] != measured[1]["metrics"]
    for name in ("model.ubj", "signature.json", "preprocessing.json"):
        assert (tmp_path / "honest" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    chosen = read_json(tmp_path / "honest" / "signature.json").get("threshold")
    assert (chosen is not None and chosen != 0.5) == (kind == "binary_classification")


# The gate


@pytest.fixture
def judged(validated: tuple[str, Path], tmp_path: Path) -> Callable[..., dict]:
    """Evaluate the model with some arguments, and return what was written."""
    _, work = validated
    where = [f"--{name}={work / 'data' / name}" for name in ("test", "schema")]
    where += [f"--model={work / 'model'}", f"--output={tmp_path / 'evaluation'}"]

    def run(*arguments: str) -> dict:
        evaluate.main([*where, *arguments])
        return read_json(tmp_path / "evaluation" / "evaluation.json")

    return run


def test_the_gate_is_on_test_rows_or_on_folds(
    validated: tuple[str, Path], judged: Callable[..., dict]
) -> None:
    kind, work = validated
    primary, summary = metrics.PRIMARY[kind], read_json(work / "summary" / "summary.json")
    rival = f"--champion={work / 'models' / 'fold-1'}"
    on_test = judged(f"--summary={work / 'summary'}", rival)
    on_folds = judged(f"--summary={work / 'summary'}", rival, "--gate-on=validation")
    assert on_test["validation"] == on_folds["validation"] == summary
    assert on_test["gate"]["value"] == on_test[f"{kind}_metrics"][primary]["value"]
    assert on_folds["gate"]["value"] == summary["metrics"][primary]["mean"]
    for key in ("champion_value", "champion_margin"):
        assert on_folds["gate"][key] == on_test["gate"][key]


def test_folds_and_slices_are_drawn(
    validated: tuple[str, Path], judged: Callable[..., dict]
) -> None:
    kind, work = validated
    evaluation = judged(f"--summary={work / 'summary'}", "--slices=mileage_km")
    axes = evaluation_plots.folds(evaluation).axes[0]
    values = [fold["metrics"][metrics.PRIMARY[kind]] for fold in evaluation["validation"]["folds"]]
    assert values in [line.get_ydata().tolist() for line in axes.lines if len(line.get_ydata()) > 2]
    axes = evaluation_plots.slices(evaluation).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels() if " to " in label.get_text()]
    assert names == sorted(names, key=lambda name: float(name.split()[0])) and len(names) == 4
    plt.close("all")


def test_the_gate_needs_the_folds_it_is_asked_for(
    judged: Callable[..., dict], tmp_path: Path
) -> None:
    assert judged("--summary=")["validation"] == {}
    assert judged(f"--summary={tmp_path}")["gate"]["on"] == "test"
    with pytest.raises(SystemExit, match=r"evaluate: `gate_on` is validation, but there are"):
        judged(f"--summary={tmp_path}", "--gate-on=validation")


# Slices


def test_a_column_that_no_model_sees_can_be_sliced(
    validated: tuple[str, Path], judged: Callable[..., dict]
) -> None:
    kind, work = validated
    assert "region" not in read_rows(work / "data", "train")
    regions = read_rows(work / "data", "test")["region"].value_counts()
    found = judged("--slices=region,fuel,listed_on,mileage_km")["slices"]
    shown = {name: measured["rows"] for name, measured in found["region"].items()}
    assert shown == {name: rows for name, rows in regions.items() if rows >= 20}
    for measured in found.values():
        assert sum(each["rows"] for each in measured.values()) == regions.sum()
        assert all(metrics.PRIMARY[kind] in each for each in measured.values())
    assert {"2022", "2023"} <= set(found["listed_on"])
    assert sum(" to " in name for name in found["mileage_km"]) == 4


def test_the_gate_names_the_slice_that_misses_its_bound(judged: Callable[..., dict]) -> None:
    fine = judged("--slice-bound=region=south:0.1")
    assert (fine["gate"]["slices_ok"], fine["gate"]["slices_message"]) == (1.0, "")
    missed = judged("--slice-bound=region=south:0.1, fuel=diesel:0.999, region=moon:0.1")
    assert missed["gate"]["slices_ok"] == 0.0
    first, second = missed["gate"]["slices_message"].split("; ")
    assert "where fuel is diesel is 0." in first and first.endswith("misses its bound 0.999")
    assert "where region is moon is not known, from fewer than 20 test rows" in second


def test_errors_are_bounded_from_above(
    validated: tuple[str, Path], judged: Callable[..., dict]
) -> None:
    metric = "rmse" if validated[0] == "regression" else "log_loss"
    for bound, ok in (("1000000", 1.0), ("0.000001", 0.0)):
        arguments = [f"--slice-bound=region=south:{bound}", f"--primary-metric={metric}"]
        assert judged(*arguments)["gate"]["slices_ok"] == ok


@pytest.mark.parametrize("bound", ["region", "region=south", "region:1", "=x:1", "region=x:high"])
def test_a_bound_that_is_none(bound: str) -> None:
    with pytest.raises(DataError, match=r"holds '.*', which is not like region=north:0\.8"):
        slices.bounds(f"fuel=diesel:0.5,{bound}")


def test_an_unknown_slice_column_is_named(judged: Callable[..., dict]) -> None:
    with pytest.raises(SystemExit, match=r"'fule' is not in test\.csv; did you mean 'fuel'"):
        judged("--slices=fule")


def test_rare_values_and_one_class_make_no_claims() -> None:
    names = ["a"] * 40 + ["b"] * 19 + ["c"] * 20 + [""] * 21
    truth = ["yes", "no"] * 20 + ["yes"] * 60
    sure = [{"prediction": "yes", "probabilities": {"no": 0.2, "yes": 0.8}}] * 100
    signature = {"problem_type": "binary_classification", "classes": ["no", "yes"]}
    scored = Scored(signature, truth, sure, {"group": names}, [])
    found = slices.measure(scored, {"group": "categorical"})["group"]
    assert {name: each["rows"] for name, each in found.items()} == {
        "a": 40,
        "(missing)": 21,
        "c": 20,
        "(other)": 19,
    }
    assert "roc_auc" in found["a"] and "roc_auc" not in found["c"]
    bound = slices.bounds("group=c:0.5")
    assert "where group is c is not known" in slices.missed({"group": found}, bound, "roc_auc")
