"""The gate: which way is better, what is just good enough, and what it says of a model."""

from typing import Any

import pytest

from tabular import gate as verdict

from {{ cookiecutter.package_name }}.pipelines import gate


@pytest.mark.parametrize(("metric", "margin"), [("r2", 0.25), ("rmse", -0.25)])
def test_the_margin_is_above_0_where_the_challenger_is_better(metric: str, margin: float) -> None:
    compared = verdict.compare(metric, {metric: 0.75}, {metric: 0.5})
    assert compared == {"value": 0.75, "champion_value": 0.5, "champion_margin": margin}


@pytest.mark.parametrize("metric", ["r2", "rmse"])
def test_without_a_champion_there_is_no_margin(metric: str) -> None:
    compared = verdict.compare(metric, {metric: 0.75}, {})
    assert compared == {"value": 0.75, "champion_value": 0.75, "champion_margin": 0}


@pytest.mark.parametrize(
    ("minimized", "operator"), [(False, "GreaterThanOrEqualTo"), (True, "LessThanOrEqualTo")]
)
def test_a_threshold_is_reached_by_what_equals_it(minimized: bool, operator: str) -> None:
    asked = gate.reaches(0.5, 0.75, minimized).to_request()
    assert asked == {"Type": operator, "LeftValue": 0.5, "RightValue": 0.75}


def said(metric: str, value: float, **asked: Any) -> str:
    """The gate's sentence on a model."""
    champion = {metric: asked.pop("champion")} if "champion" in asked else {}
    compared = verdict.compare(metric, {metric: value}, champion)
    asked = {"on": "test", "summary": {}, "missed": ""} | asked
    return str(verdict.values(compared, metric, **asked)["message"])


@pytest.mark.parametrize(
    ("metric", "asked", "sentence"),
    [
        ("r2", {}, "r2 0.75 passes the gate"),
        ("r2", {"threshold": 0.75, "champion": 0.75}, "r2 0.75 passes the gate"),
        ("r2", {"threshold": 0.8}, "r2 0.75 misses MetricThreshold 0.8 by 0.05"),
        ("rmse", {"threshold": 0.5}, "rmse 0.75 misses MetricThreshold 0.5 by 0.25"),
        (
            "rmse",
            {"champion": 0.5},
            "rmse 0.75 is worse on the test rows than the champion's 0.5 by 0.25",
        ),
        (
            "r2",
            {"threshold": 1.0, "missed": "r2 where a is b is 0.1 and misses its bound 0.2"},
            "r2 0.75 misses MetricThreshold 1 by 0.25, and is not enough: "
            "r2 where a is b is 0.1 and misses its bound 0.2",
        ),
        (
            "r2",
            {
                "on": "validation",
                "summary": {"metrics": {"r2": {"mean": 0.25}}},
                "threshold": 0.5,
            },
            "r2 0.25 as the mean of the folds misses MetricThreshold 0.5 by 0.25",
        ),
    ],
)
def test_the_gate_says_what_was_missed_and_by_how_much(
    metric: str, asked: dict[str, Any], sentence: str
) -> None:
    assert said(metric, 0.75, **asked) == sentence


def test_what_is_no_number_misses_everything() -> None:
    missed = said("r2", float("nan"), threshold=0.5, champion=0.5)
    assert "misses MetricThreshold" in missed and "than the champion's" in missed
