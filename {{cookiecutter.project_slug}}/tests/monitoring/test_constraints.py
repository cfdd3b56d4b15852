"""The constraints file: suggested, edited by people, and refused where it says nothing."""

from typing import Any

import numpy as np
import pytest

from monitoring import constraints, violations
from monitoring.distributions import Categories, Distribution, Numbers
from tabular.values import DataError

BASELINE: dict[str, Distribution] = {
    "price": Numbers.of(np.array([1.0, 2.0, 3.0])),
    "fuel": Categories({"petrol": 5, "diesel": 5}),
}


def checked(window: dict[str, Distribution], document: dict[str, Any] | None = None, **bad: int):
    kept = constraints.read(document or constraints.suggested(BASELINE))
    found = violations.of_columns(kept, window, bad)
    return [(each.feature_name, each.constraint_check_type) for each in found]


def test_what_was_suggested_is_kept_by_the_baseline() -> None:
    assert checked(BASELINE) == []


def test_each_check_bites() -> None:
    below = {**BASELINE, "price": Numbers.of(np.array([-1.0, 2.0]))}
    strange = {**BASELINE, "fuel": Categories({"petrol": 5, "gas": 5})}
    extra = {**BASELINE, "colour": Categories({"red": 1})}
    assert checked(below) == [("price", "data_type_check")]
    assert checked(strange) == [("fuel", "categorical_values_check")]
    assert checked(extra) == [("colour", "extra_column_check")]
    assert checked({"price": BASELINE["price"]}) == [("fuel", "missing_column_check")]
    assert checked(BASELINE, price=3) == [("price", "data_type_check")]


@pytest.mark.parametrize("name", constraints.OVERRIDES)
@pytest.mark.parametrize("within", ["", "string_constraints"])
def test_a_column_that_is_switched_off_is_silent(name: str, within: str) -> None:
    document = constraints.suggested(BASELINE)
    feature = document["features"][1]
    (feature[within] if within else feature)[name] = {"evaluate_constraints": "Disabled"}
    strange = {**BASELINE, "fuel": Categories({"gas": 5})}
    assert checked(strange, document) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"completness": 0.5}, "completness.*completeness"),
        ({"completeness": "much"}, "completeness .*'much'"),
        ({"completeness": 2}, "completeness .*2"),
        ({"num_constraints": {"is_positive": True}}, "is_positive"),
        ({"num_constraints": 3}, "num_constraints"),
        ({"monitoringConfigOverrides": {"evaluate_constraints": "off"}}, "off"),
        ({"monitoringConfigOverrides": {"evaluate_constraint": "Disabled"}}, "constraint'"),
    ],
)
def test_an_edit_that_nobody_would_look_at_is_refused(change: dict[str, Any], said: str) -> None:
    document = constraints.suggested(BASELINE)
    document["features"][0].update(change)
    with pytest.raises(DataError, match=said):
        constraints.read(document)


def test_bounds_of_drift_are_read_from_the_file() -> None:
    document = constraints.suggested(BASELINE)
    bounds = document["monitoring_config"]["distribution_constraints"]
    bounds |= {"least_numeric_change": 0.2, "perform_comparison": "Disabled", "level": 0.01}
    found = constraints.read(document)
    assert (found.least["numeric"], found.compared, found.level) == (0.2, False, 0.01)


def test_a_job_ends_in_the_words_of_model_monitor() -> None:
    one = violations.Violation("price", "data_type_check", "it is no number")
    assert violations.ending([]).startswith("Completed: ")
    assert violations.ending([one]).startswith("CompletedWithViolations: ")
    metric = violations.Violation("rmse", "GreaterThanThreshold", "worse", of_metric=True)
    written = violations.document([one, metric])["violations"]
    assert [next(iter(each)) for each in written] == ["feature_name", "metric_name"]


def test_completeness_of_a_person_is_a_bound_and_that_of_the_baseline_none() -> None:
    reference: dict[str, Distribution] = {"price": Numbers.of(np.ones(90), missing=10)}
    document = constraints.suggested(reference)
    assert constraints.read(document, reference).columns["price"].completeness is None
    document["features"][0]["completeness"] = 0.95
    kept = constraints.read(document, reference)
    for missing, said in ((4, []), (20, ["completeness_check"])):
        window: dict[str, Distribution] = {"price": Numbers.of(np.ones(96), missing=missing)}
        found = violations.of_columns(kept, window, {})
        assert [each.constraint_check_type for each in found] == said


def test_no_domain_is_suggested_where_new_rows_will_have_new_categories() -> None:
    counts = {"a": 900, "b": 1_099} | {f"once {place}": 1 for place in range(3)}
    for left, suggested in ((3, False), (1, True)):
        known = dict([*counts.items()][: 2 + left])
        (found,) = constraints.suggested({"fuel": Categories(known)})["features"]
        assert ("string_constraints" in found) == suggested


def test_a_share_of_numbers_below_zero_may_be_allowed() -> None:
    document = constraints.suggested(BASELINE)
    below = {**BASELINE, "price": Numbers.of(np.array([-1.0, *range(199)]))}
    assert checked(below, document) == [("price", "data_type_check")]
    document["monitoring_config"]["datatype_check_threshold"] = 0.99
    assert checked(below, document) == []


def test_a_threshold_of_model_monitor_is_the_smallest_change_that_counts() -> None:
    document = constraints.suggested(BASELINE)
    bounds = document["monitoring_config"]["distribution_constraints"]
    bounds |= {"comparison_threshold": 0.3, "categorical_comparison_threshold": 0.4}
    assert constraints.read(document).least["numeric"] == constraints.LEAST["numeric"]
    del bounds["least_numeric_change"], bounds["least_categorical_change"]
    found = constraints.read(document).least
    assert (found["numeric"], found["categorical"]) == (0.3, 0.4)
