"""The gate: which way is better, and what is just good enough."""

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
