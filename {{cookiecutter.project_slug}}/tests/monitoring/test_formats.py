"""Our files have Model Monitor's form, as its guide and files that it wrote show it.

Source: Amazon SageMaker Developer Guide, "Schema for Statistics", "Schema for Constraints", "Schema
for Violations" and "Model quality metrics". Objects may have more members than these.
"""

import json
from functools import partial
from typing import Any

import jsonschema
import numpy as np
import pytest

from monitoring import constraints, drift, model_quality, statistics, violations
from monitoring.distributions import Categories, Distribution, Numbers
from tabular import metrics
from tabular.predictions import Predictions

Json = dict[str, Any]
NUMBER, TEXT, SWITCH = {"type": "number"}, {"type": "string"}, {"enum": ["Enabled", "Disabled"]}


def record(required: Json, **optional: Any) -> Json:
    return {"type": "object", "required": [*required], "properties": {**required, **optional}}


def array(items: Json) -> Json:
    return {"type": "array", "items": items}


TYPES = {"enum": ["Integral", "Fractional", "String", "Unknown"]}
COMMON = record({"num_present": NUMBER, "num_missing": NUMBER})
BUCKET = record({"lower_bound": NUMBER, "upper_bound": NUMBER, "count": NUMBER})
SKETCH = record(
    {"parameters": record({"c": NUMBER, "k": NUMBER}), "data": array(array(NUMBER))},
)
KLL = record({"buckets": array(BUCKET), "sketch": SKETCH})
NUMERICAL = record(
    {"common": COMMON},
    **dict.fromkeys(("mean", "sum", "std_dev", "min", "max"), NUMBER),
    distribution=record({"kll": KLL}),
)
CATEGORIES = record({"buckets": array(record({"value": TEXT, "count": NUMBER}))})
STRINGS = record(
    {"common": COMMON, "distinct_count": NUMBER},
    distribution=record({"categorical": CATEGORIES}),
)
FEATURE = record({"name": TEXT, "inferred_type": TYPES}) | {
    "oneOf": [
        record({"numerical_statistics": NUMERICAL}),
        record({"string_statistics": STRINGS}),
    ]
}
ITEMS = record({"item_count": {"type": "integer"}})
STATISTICS = record({"version": {"const": 0}, "dataset": ITEMS, "features": array(FEATURE)})

OVERRIDES = record({}, evaluate_constraints=SWITCH, emit_metrics=SWITCH)
CONSTRAINT = record(
    {"name": TEXT, "inferred_type": TYPES, "completeness": {"minimum": 0, "maximum": 1}},
    num_constraints=record({"is_non_negative": {"type": "boolean"}}),
    string_constraints=record({"domains": array(TEXT)}, monitoring_config_overrides=OVERRIDES),
    monitoring_config_overrides=OVERRIDES,
    monitoringConfigOverrides=OVERRIDES,
)
DISTRIBUTION = record(
    {},
    perform_comparison=SWITCH,
    comparison_threshold=NUMBER,
    comparison_method={"enum": ["Simple", "Robust"]},
    categorical_comparison_threshold=NUMBER,
    categorical_drift_method={"enum": ["LInfinity", "ChiSquared"]},
)
CONFIG = record(
    {"evaluate_constraints": SWITCH, "emit_metrics": SWITCH},
    datatype_check_threshold=NUMBER,
    domain_content_threshold=NUMBER,
    distribution_constraints=DISTRIBUTION,
)
CONSTRAINTS = record(
    {"version": {"const": 0}, "features": array(CONSTRAINT), "monitoring_config": CONFIG}
)

COLUMN_CHECKS = {
    "enum": [
        *("data_type_check", "completeness_check", "baseline_drift_check"),
        *("missing_column_check", "extra_column_check", "categorical_values_check"),
    ]
}
OPERATORS = {"enum": ["GreaterThanThreshold", "LessThanThreshold"]}
VIOLATIONS = record(
    {
        "violations": array(
            {
                "oneOf": [
                    record({"feature_name": TEXT, "constraint_check_type": COLUMN_CHECKS}),
                    record({"metric_name": TEXT, "constraint_check_type": OPERATORS}),
                ],
                "required": ["description"],
            }
        )
    }
)

MEASURED = record({"value": NUMBER, "standard_deviation": {"anyOf": [NUMBER, {"const": "NaN"}]}})
BOUND = record({"threshold": NUMBER, "comparison_operator": OPERATORS})


def quality(kind: str, part: str, each: Json) -> Json:
    """Of one problem type: its metrics, or the bounds on them."""
    named = {"type": "object", "minProperties": 1, "additionalProperties": each}
    return record({"version": {"const": 0}, f"{kind}_{part}": named})


def check(document: Json, schema: Json) -> None:
    jsonschema.Draft202012Validator(schema).validate(document)


def columns(seed: int = 0, shift: float = 0.0) -> dict[str, Distribution]:
    draw = np.random.default_rng(seed)
    return {
        "price": Numbers.of(draw.lognormal(shift, 1, 5_000), missing=7),
        "year": Numbers.of(draw.integers(1990, 2020, 500).astype(float)),
        "nothing": Numbers.of(np.empty(0), missing=500),
        "one": Numbers.of(np.ones(500)),
        "fuel": Categories({"petrol": 300, "diesel": 190}, missing=10),
    }


def test_statistics_have_the_form_of_the_service() -> None:
    check(statistics.document(columns(), 5_007), STATISTICS)


@pytest.mark.parametrize("large", [1.7e308, -1.7e308, 1e-320, 1e200])
def test_statistics_of_the_largest_and_smallest_numbers_are_numbers(large: float) -> None:
    known = Numbers.of(np.array([large, large, -large / 4, 0.0, 1.0]))
    document = statistics.document({"price": known}, 5)
    check(document, STATISTICS)
    found = document["features"][0]["numerical_statistics"]
    assert found["mean"] == pytest.approx(large * (1.75 / 5), abs=0.21, rel=1e-6)
    assert "Infinity" not in json.dumps(document) and "NaN" not in json.dumps(document)


def test_constraints_have_the_form_of_the_service() -> None:
    check(constraints.suggested(columns()), CONSTRAINTS)


def test_violations_have_the_form_of_the_service() -> None:
    kept = constraints.read(constraints.suggested(columns()), columns())
    now = columns(1, shift=1) | {
        "fuel": Categories({"gas": 100}),
        "year": Numbers.of(np.array([-1.0, 2_000.0])),
        "colour": Categories({"red": 1}),
    }
    del now["one"]
    found = violations.of_columns(kept, now, {"price": 200})
    found += violations.of_drift(kept, drift.find(columns(), now))
    found.append(violations.Violation("rmse", "GreaterThanThreshold", "worse", of_metric=True))
    kinds = {each.constraint_check_type for each in found}
    assert len(kinds) >= 6, kinds
    check(violations.document(found), VIOLATIONS)


@pytest.mark.parametrize("kind", metrics.PRIMARY)
def test_model_quality_has_the_form_of_the_service(kind: str) -> None:
    draw = np.random.default_rng(0)
    labels = {"binary_classification": ["no", "yes"], "multiclass_classification": ["a", "b", "c"]}
    classes = labels.get(kind, [])
    if classes:
        shares = draw.dirichlet(np.ones(len(classes)), 300)
        truth = np.array(classes)[draw.integers(0, len(classes), 300)]
        said = Predictions(np.array(classes)[shares.argmax(axis=1)], shares, classes)
    else:
        truth = draw.normal(size=300)
        said = Predictions(truth + draw.normal(size=300))
    bounds = model_quality.suggested(truth, said, partial(metrics.measure, kind, classes))
    check(model_quality.statistics(kind, 300, bounds), quality(kind, "metrics", MEASURED))
    check(model_quality.document(kind, bounds), quality(kind, "constraints", BOUND))


# What files of the service have that ours have not, or otherwise.
OF_THE_SERVICE = {
    "version": 0.0,
    "features": [
        {
            "name": "price",
            "inferred_type": "Fractional",
            "completeness": 1.0,
            "num_constraints": {"is_non_negative": True},
        },
        {
            "name": "fuel",
            "inferred_type": "String",
            "completeness": 0.9,
            "string_constraints": {
                "domains": ["petrol", "diesel"],
                "monitoring_config_overrides": {
                    "evaluate_constraints": "Disabled",
                    "emit_metrics": "Enabled",
                },
            },
        },
    ],
    "monitoring_config": {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
        },
    },
}


def test_a_constraints_file_of_the_service_is_read() -> None:
    check(OF_THE_SERVICE, CONSTRAINTS)
    found = constraints.read(OF_THE_SERVICE)
    assert not found.columns["fuel"].evaluated
    assert found.columns["price"].completeness == 1.0
    assert found.least == constraints.LEAST | {"numeric": 0.1}


def test_bounds_of_the_service_on_metrics_are_read() -> None:
    bound = {"threshold": 0.5776, "comparison_operator": "GreaterThanThreshold"}
    document = {"version": 0.0, "regression_constraints": {"rmse": bound}}
    check(document, quality("regression", "constraints", BOUND))
    assert model_quality.read("regression", document)["rmse"].for_window(10) == 0.5776


@pytest.mark.parametrize(
    ("document", "schema"),
    [
        ({"version": 0, "features": [{"name": "a"}]}, STATISTICS),
        ({**OF_THE_SERVICE, "monitoring_config": {"evaluate_constraints": True}}, CONSTRAINTS),
        ({"violations": [{"feature_name": "a", "description": "b"}]}, VIOLATIONS),
    ],
)
def test_the_schemas_bite(document: Json, schema: Json) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(document, schema)
