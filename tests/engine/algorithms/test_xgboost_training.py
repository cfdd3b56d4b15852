"""The XGBoost algorithm's program: its data, its folds, and its words."""

from __future__ import annotations

import io
import pickle
import shutil
from importlib import reload

import numpy as np
import pandas as pd
import pytest
import xgboost
from sagemaker_local.algorithms import xgboost_metrics
from sagemaker_local.algorithms.xgboost_training import main
from sklearn import metrics

from .conftest import Begin

GIVEN = {"objective": "reg:squarederror", "num_round": "3", "max_depth": "2"}
ROWS = [(0.5 * (i % 7) + (i % 3), i % 7, i % 3) for i in range(60)]
CSV = "".join(f"{label},{first},{second}\n" for label, first, second in ROWS)
PLAIN_LIBSVM = "".join(f"{label} 0:{first} 1:{second}\n" for label, first, second in ROWS)
LIBSVM = "".join(f"{label}:2 0:{first} 1:{second}\n" for label, first, second in ROWS)
CLASSES = "".join(f"{i % 3},{first},{i % 3}\n" for i, (_, first, _) in enumerate(ROWS))


def predicted(file: str) -> np.ndarray:
    booster = xgboost.Booster(model_file=file)
    return booster.predict(xgboost.DMatrix([row[1:] for row in ROWS]))


@pytest.fixture
def plain() -> np.ndarray:
    rows = xgboost.DMatrix([row[1:] for row in ROWS], label=[row[0] for row in ROWS])
    settings = {"objective": "reg:squarederror", "max_depth": 2}
    return xgboost.train(settings, rows, 3).predict(rows)


@pytest.mark.parametrize("kind", ["text/csv", "csv; label_size=1", "text/x-libsvm", None])
def test_it_trains_as_plain_xgboost_would(
    begin: Begin, plain: np.ndarray, kind: str | None
) -> None:
    text = CSV if "csv" in (kind or "") else PLAIN_LIBSVM
    job = begin(GIVEN, kind, train={"rows": text}, validation={"rows": text})
    assert main(["3.2"]) == 0
    assert predicted(str(job.model / "xgboost-model")) == pytest.approx(plain, abs=1e-5)


def test_an_image_before_1_3_leaves_a_pickle(begin: Begin) -> None:
    job = begin({**GIVEN, "silent": "0"}, "csv", train={"rows": CSV})
    assert main(["1.0"]) == 0
    found = pickle.loads((job.model / "xgboost-model").read_bytes())
    assert isinstance(found, xgboost.Booster)


@pytest.mark.slow
def test_it_stops_early_and_keeps_the_best(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {**GIVEN, "num_round": "500", "early_stopping_rounds": "2", "eval_metric": "rmse"}
    job = begin(settings, "csv", train={"rows": CSV}, validation={"rows": CSV})
    assert main(["1.7"]) == 0
    told = capsys.readouterr().out
    assert "[499]" not in told
    booster = xgboost.Booster(model_file=str(job.model / "xgboost-model"))
    assert booster.num_boosted_rounds() < told.count("validation-rmse")


@pytest.mark.parametrize("where", ["rows.csv", "a/b/rows.csv"])
def test_files_of_folders_below_the_channel_are_read(
    begin: Begin, plain: np.ndarray, where: str
) -> None:
    half = CSV.index("\n", len(CSV) // 2) + 1
    files = {where: CSV[:half], "more.csv": CSV[half:], "_SUCCESS": "", "a/b/c/deep.csv": "x"}
    job = begin(GIVEN, "text/csv", train=files)
    assert main(["1.7"]) == 0
    assert predicted(str(job.model / "xgboost-model")) == pytest.approx(plain, abs=1e-5)


def test_parquet_libsvm_with_weights_and_csv_with_weights_are_one(
    begin: Begin, plain: np.ndarray
) -> None:
    parquet = io.BytesIO()
    pd.DataFrame(ROWS, columns=["y", "a", "b"]).to_parquet(parquet)
    weighted = "".join(f"{label},2,{first},{second}\n" for label, first, second in ROWS)
    for kind, data, more in (
        ("application/x-parquet", parquet.getvalue(), {}),
        ("libsvm", LIBSVM, {}),
        ("csv", weighted, {"csv_weights": "1"}),
    ):
        job = begin({**GIVEN, **more}, kind, **{"train": {f"rows-{len(kind)}": data}})
        assert main(["3.0"]) == 0
        found = predicted(str(job.model / "xgboost-model"))
        assert found == pytest.approx(plain, abs=0.3)
        shutil.rmtree(job.ml / "input/data/train")


@pytest.mark.parametrize(
    ("kind", "files", "told"),
    [
        ("text/csv", {"a.csv": CSV, ".b": "1,2"}, "Hidden file found in the data path! Remove"),
        (None, {"a.csv": CSV}, "of file 'a.csv' is not 'LIBSVM' format. Please ensure the file"),
        ("csv", {"_SUCCESS": ""}, "No data in training channel path"),
        ("recordio-protobuf", {"a": CSV}, "Invalid RecordIO magic at offset 0"),
        ("parquet", {"a": CSV}, "Failed to load parquet data with exception"),
    ],
)
def test_data_that_cannot_be_read_is_told_in_the_images_words(
    begin: Begin, kind: str | None, files: dict[str, str], told: str
) -> None:
    job = begin(GIVEN, kind, train=files)
    assert main(["1.7"]) == 1
    assert told in job.failure


def test_what_the_library_refuses_is_told_without_its_addresses(begin: Begin) -> None:
    job = begin({**GIVEN, "objective": "binary:logistic"}, "csv", train={"a.csv": CSV})
    assert main(["1.7"]) == 1
    assert job.failure.startswith("XGB train call failed with exception:")
    assert "base_score must be in (0,1) for the logistic loss" in job.failure
    assert "[bt]" not in job.failure


def test_folds_leave_a_model_each_and_predictions_of_every_row(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {**GIVEN, "_kfold": "3", "_num_cv_round": "2", "seed": "5"}
    job = begin(settings, "csv", train={"a.csv": CSV}, validation={"b.csv": CSV[:60]})
    assert main(["1.7"]) == 0
    assert len(list(job.model.glob("xgboost-model-[0-5]"))) == 6
    told = np.loadtxt(job.ml / "output/data/predictions.csv", delimiter=",")
    assert sorted(told[: len(ROWS), 0]) == sorted(row[0] for row in ROWS)
    assert np.abs(told[:, 0] - told[:, 1]).mean() < 1
    lines = capsys.readouterr().out.splitlines()
    means = [line for line in lines if line.startswith("[3]\ttrain-rmse:")]
    assert len(means) == 3, "two rounds, and both together"
    assert "\tvalidation-rmse:" in means[0]


def test_folds_of_classes_say_the_class_of_most(begin: Begin) -> None:
    settings = {"objective": "multi:softprob", "num_class": "3", "num_round": "5", "_kfold": "3"}
    job = begin(settings, "csv", train={"a.csv": CLASSES})
    assert main(["1.7"]) == 0
    label, probability, found = np.loadtxt(job.ml / "output/data/predictions.csv", delimiter=",").T
    assert (label == found).all()
    assert ((probability > 0.3) & (probability <= 1)).all()
    job = begin({"num_round": "2", "_kfold": "3"}, "csv", train={})
    assert main(["1.7"]) == 1
    assert job.failure == "_kfold needs an objective beside it, or num_class"


@pytest.mark.parametrize(
    ("version", "given", "told"),
    [
        ("0.90", {"aft_loss_distribution": "normal"}, "Extraneous hyperparameter found: aft_loss_"),
        ("1.0", {"silent": "0"}, ""),
        ("1.5", {"single_precision_histogram": "true"}, ""),
        ("1.7", {"single_precision_histogram": "true"}, "Extraneous hyperparameter found: single"),
        ("1.5", {"use_dask_gpu_training": "false"}, "Extraneous hyperparameter found: use_dask_"),
        ("1.7", {"eval_metric": "rmse", "objective": None}, "KeyError: 'objective'"),
    ],
)
def test_a_hyperparameter_is_known_from_one_version_to_another(
    begin: Begin, version: str, given: dict[str, str | None], told: str
) -> None:
    settings = {name: text for name, text in {**GIVEN, **given}.items() if text is not None}
    job = begin(settings, "csv", train={"a.csv": CSV})
    assert main([version]) == (1 if told else 0)
    assert not told or told in job.failure


def test_true_and_false_in_csv_are_read_as_numbers_and_said(
    begin: Begin, capfd: pytest.CaptureFixture[str]
) -> None:
    """pandas 2 writes them of dummies, and XGBoost would take a feature's for a missing value."""
    rows = [(i % 3 == 0, i % 7, i % 2 == 0) for i in range(60)]
    written = pd.DataFrame(rows).to_csv(header=False, index=False)
    models = []
    for text in (written, written.replace("True", "1").replace("False", "0")):
        job = begin(GIVEN, "csv", train={"rows.csv": text})
        assert main(["1.7"]) == 0
        models.append(xgboost.Booster(model_file=str(job.model / "xgboost-model")))
        assert ("True and False in CSV are read as 1 and 0" in capfd.readouterr().out) is (
            text == written
        )
    asked = xgboost.DMatrix([[i % 7, i % 2] for i in range(14)])
    first, second = (model.predict(asked) for model in models)
    assert first == pytest.approx(second)
    assert len(set(first)) > 1


def test_the_root_of_the_mean_squared_error_needs_no_new_scikit_learn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(metrics, "root_mean_squared_error")
    evaluate = reload(xgboost_metrics).evaluation(["rmse"])
    labels = xgboost.DMatrix(np.zeros((2, 1)), label=[0, 0])
    assert evaluate(np.array([3.0, 4.0]), labels) == [("rmse", pytest.approx(12.5**0.5))]
