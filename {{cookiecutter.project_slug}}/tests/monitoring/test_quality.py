"""Model quality: calm windows keep the bounds, worse ones do not; and estimates without labels."""

from functools import partial

import numpy as np
import pytest

from monitoring import model_quality
from monitoring.estimated_quality import Calibration
from tabular import metrics
from tabular.predictions import Predictions
from tabular.values import DataError

REGRESSION = partial(metrics.measure, "regression", [])


def window(seed: int, rows: int, noise: float = 1.0) -> tuple[np.ndarray, Predictions]:
    draw = np.random.default_rng(seed)
    known = draw.normal(0, 3, rows)
    return known + draw.normal(0, noise, rows), Predictions(known)


def test_calm_windows_keep_the_bounds_and_a_worse_model_breaks_them() -> None:
    bounds = model_quality.suggested(*window(0, 600), REGRESSION)
    calm = [
        model_quality.violations(REGRESSION(*window(n, 300)), bounds, 300) for n in range(1, 201)
    ]
    assert sum(map(bool, calm)) <= 4
    worse = model_quality.violations(REGRESSION(*window(1, 300, noise=1.6)), bounds, 300)
    assert {each.feature_name for each in worse} >= {"rmse", "mae"}
    assert {each.constraint_check_type for each in worse} <= {
        "GreaterThanThreshold",
        "LessThanThreshold",
    }


def test_a_calibrated_model_knows_how_often_it_is_right() -> None:
    draw = np.random.default_rng(5)
    confidence = draw.uniform(0.5, 1, 20_000)
    right = draw.random(20_000) < confidence**2  # too sure of itself
    found = Calibration.of(confidence[:10_000], right[:10_000])
    assert np.all(np.diff(found.right) >= 0)
    surer = confidence[10_000:] > 0.8
    estimated = found.accuracy(confidence[10_000:][surer])
    assert estimated == pytest.approx(right[10_000:][surer].mean(), abs=0.02)
    assert np.isnan(found.accuracy(np.empty(0)))


def test_a_threshold_that_a_person_sets_stands_as_it_is() -> None:
    bounds = model_quality.suggested(*window(0, 600), REGRESSION)
    document = model_quality.document("regression", bounds)
    assert model_quality.read("regression", document) == bounds
    document["regression_constraints"]["rmse"]["threshold"] = 1.01
    edited = model_quality.read("regression", document)["rmse"]
    assert edited.for_window(10) == edited.for_window(10_000) == 1.01
    own = bounds["rmse"]
    assert own.for_window(10) > own.for_window(10_000) > own.value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threshold": "low"}, "'low'"),
        ({"comparison_operator": "Greater"}, "Greater"),
        ({"treshold": 1.0}, "'treshold'.*'threshold'"),
    ],
)
def test_an_edited_bound_that_says_nothing_is_refused(change: dict[str, str], said: str) -> None:
    bounds = model_quality.suggested(*window(0, 100), REGRESSION)
    document = model_quality.document("regression", bounds)
    document["regression_constraints"]["rmse"].update(change)
    with pytest.raises(DataError, match=said):
        model_quality.read("regression", document)


def test_bounds_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(DataError, match=r"'regresion_constraints'.*'regression_constraints'"):
        model_quality.read("regression", {"version": 0.0, "regresion_constraints": {}})


def test_a_bound_on_what_is_not_measured_is_refused() -> None:
    bounds = model_quality.suggested(*window(0, 100), REGRESSION)
    with pytest.raises(DataError, match="mse"):
        model_quality.violations({"mae": 1.0}, bounds, 10)
