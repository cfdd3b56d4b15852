"""How a model gets its training rows: in batches, in files, whole; and what is refused."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Trained

import features
import models
import train
from tabular import memory, pace, records, tree_rows, trees
from tabular.families import Batch, Table
from tabular.records import Split
from tabular.spool import Spool
from tabular.training_data import EncodedSplit
from tabular.values import DataError

OPTIONS = Namespace(**{name: default for name, (default, _) in models.HYPERPARAMETERS.items()})


def cut(matrix: np.ndarray, target: np.ndarray, rows: int) -> Table:
    """A table that comes some rows at a time."""

    def read() -> Any:
        for start in range(0, len(target), rows):
            part = slice(start, start + rows)
            yield Batch(list(matrix[part].T), target[part])

    return Table([str(place) for place in range(matrix.shape[1])], target, read)


@pytest.fixture(scope="module")
def waves() -> tuple[np.ndarray, np.ndarray]:
    """Numbers with some missing, and a target that follows from them."""
    random = np.random.default_rng(7)
    matrix = random.normal(size=(3_000, 4))
    target = np.sin(matrix[:, 0] * 2) + matrix[:, 1] ** 2 + random.normal(0, 0.1, 3_000)
    matrix[random.random(matrix.shape) < 0.05] = np.nan
    return matrix, target


def fitted(folder: Path, *tables: Table) -> trees.Trees:
    """Trees of a training and a validation table."""
    folder.mkdir()
    models.fit_xgboost(*tables, 0, OPTIONS, folder)
    return trees.load(folder)


def test_rows_in_batches_and_in_files_give_trees_as_good_as_all_at_once(
    waves: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (matrix, target), held_out = waves, Table.of(waves[0][:500], waves[1][:500])
    rows = matrix[500:], target[500:]
    scores = [fitted(tmp_path / "whole", Table.of(*rows), held_out)]
    scores.append(fitted(tmp_path / "batches", cut(*rows, 400), held_out))
    monkeypatch.setattr(tree_rows, "SHARE", 0)
    monkeypatch.setattr(tree_rows, "SMALL_SHARE", 0)
    monkeypatch.setattr(tree_rows, "PAGE", 1_000)
    monkeypatch.setattr(tree_rows, "gettempdir", lambda: str(tmp_path))
    scores.append(fitted(tmp_path / "files", cut(*rows, 400), held_out))
    assert not list(tmp_path.glob("xgboost-*")), "XGBoost removes its files"
    errors = [np.sqrt(np.mean((each(matrix[:500]) - target[:500]) ** 2)) for each in scores]
    assert errors == pytest.approx([errors[0]] * 3, rel=0.1)
    assert errors[0] < 0.3 * target.std()


def test_without_arrow_training_gives_the_same_model(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (records, tree_rows):
        monkeypatch.setattr(module, "arrow", lambda: None)
    channels = [f"--{name}={trained.data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={tmp_path}", f"--model_family={trained.family}"])
    for path in trained.model.glob("*.*"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_batches_are_the_rows_of_the_whole_table(trained: Trained) -> None:
    schema = json.loads((trained.data / "schema" / "schema.json").read_text())
    preprocessing = json.loads((trained.model / "preprocessing.json").read_text())
    encoder, split = features.Encoder(preprocessing), Split(trained.data / "train" / "train.csv")
    encoded = EncodedSplit(split, encoder, schema)
    classes = [] if trained.problem_type == "regression" else sorted({*encoded.truth})[1:]
    table = encoded.table(classes)
    matrix, target = table.whole()
    known = [row for row in split if not classes or row[trained.target] in classes]
    expected = np.array([encoder.encode(row) for row in known])
    assert matrix.tobytes() == expected.tobytes() and table.cells == expected.size
    labels = [row[trained.target] for row in known]
    wanted = [classes.index(each) for each in labels] if classes else list(map(float, labels))
    assert target.tolist() == wanted


def test_a_table_that_memory_would_not_hold_is_refused(
    waves: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1e5)
    with pytest.raises(DataError, match="3,000 rows of 4 numbers take this model family about"):
        models.fit_linear(Table.of(*waves), Table.of(*waves), 0, OPTIONS, tmp_path)


def test_a_number_that_trees_cannot_hold_is_named_before_training(
    waves: tuple[np.ndarray, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fit(value: float, folder: str) -> None:
        matrix = waves[0].copy()
        matrix[7, 2] = value
        fitted(tmp_path / folder, cut(matrix, waves[1], 1_000), Table.of(*waves))

    with pytest.raises(DataError, match=r"column '2' holds a number of size 1e\+39, and trees"):
        fit(-1e39, "large")
    fit(16777217, "exact")
    assert "column '2': to trees, 16777217 is 16777216; is it" in capsys.readouterr().out
    fit(0.1, "usual")
    assert "column" not in capsys.readouterr().out


def test_long_work_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 1.0, 6.0, 8.0, 400.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(now))
    told = pace.Pace("train")
    for done, total in ((10, 100), (20, 100), (30, 100), (1, 0)):
        told(done, total, f"{done} of {total} trees")
    lines = ["train: 20 of 100 trees (20%), about 24 s left", "train: 1 of 0 trees"]
    assert capsys.readouterr().out.splitlines() == lines


def test_arrays_come_back_from_a_spool_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tabular.spool.IN_MEMORY", 100)
    spool, groups = Spool(), []
    for rows in (3, 1, 40):
        groups.append([np.arange(rows, dtype="int8"), np.ones((rows, 2)) * rows])
        spool.add(groups[-1])

    def same(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> bool:
        pairs = zip(found, expected, strict=True)
        return all(one.dtype == two.dtype and np.array_equal(one, two) for one, two in pairs)

    for _ in range(2):
        assert all(map(same, spool, groups)) and len(list(spool)) == len(groups)
