"""Metrics where nothing is marked, nothing varies, or a label is only predicted."""

import numpy as np
import pytest
import sklearn.metrics

from tabular import metrics


def labelled(labels: str) -> list[dict]:
    """Predictions of these labels, each sure of itself."""
    return [{"prediction": label, "probabilities": {label: 1.0}} for label in labels]


def test_a_label_that_is_only_predicted_counts_in_macro_f1() -> None:
    """In a slice, most labels never come; who predicts one that is not there is wrong."""
    truth, predicted = "aabb", "aabc"
    measured = metrics.measure("multiclass_classification", "abc", list(truth), labelled(predicted))
    expected = sklearn.metrics.f1_score(list(truth), list(predicted), average="macro")
    assert measured["macro_f1"] == pytest.approx(expected)


def test_f1_of_nothing_is_no_success() -> None:
    nothing = np.zeros(3, dtype=bool)
    assert metrics.f1(nothing, nothing) == 0
    assert metrics.f1(nothing, ~nothing) == 0
    assert metrics.f1(~nothing, ~nothing) == 1


def test_of_a_target_that_does_not_vary_nothing_is_explained() -> None:
    right = [{"prediction": 5.0}] * 3
    assert metrics.measure("regression", [], ["5"] * 3, right)["r2"] == 0
    assert metrics.measure("regression", [], ["4", "5", "6"], right)["r2"] == 0
