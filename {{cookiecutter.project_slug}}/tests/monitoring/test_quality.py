"""Model quality: calm windows keep the bounds, worse ones do not; and estimates without labels."""

from functools import partial

import numpy as np
import pytest

from monitoring import model_quality
from monitoring.estimated_quality import Calibration
from tabular import metrics
from tabular.predictions import Predictions

REGRESSION = partial(metrics.measure, "regression", [])


def window(seed: int, rows: int, noise: float = 1.0) -> tuple[np.ndarray, Predictions]:
    draw = np.random.default_rng(seed)
    known = draw.normal(0, 3, rows)
    return known + draw.normal(0, noise, rows), Predictions(known)


def test_calm_windows_keep_the_bounds_and_a_worse_model_breaks_them() -> None:
    bounds = model_quality.bounds(*window(0, 600), REGRESSION, rows=300)
    calm = [model_quality.violations(REGRESSION(*window(n, 300)), bounds) for n in range(1, 201)]
    assert sum(map(bool, calm)) <= 4
    worse = model_quality.violations(REGRESSION(*window(1, 300, noise=1.6)), bounds)
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
