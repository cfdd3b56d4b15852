"""`constraints.json`: what new data must keep, in Model Monitor's format; people edit the file.

Source: Amazon SageMaker Developer Guide, "Schema for Constraints". Members that only this project
knows have plain names too: `distribution_constraints.level` and the `least_...` bounds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tabular import job
from tabular.values import DataError

from .distributions import Categories, Distribution, Numbers
from .statistics import inferred_type

LEVEL = 0.001
LEAST = {"numeric": 0.05, "categorical": 0.05, "missing": 0.02}
MOST_CATEGORIES, MOST_ONCE = 1_000, 0.001
# Model Monitor's own names of two of them, in a file that was not written here.
ALSO = {
    "numeric": "comparison_threshold",
    "categorical": "categorical_comparison_threshold",
}
OVERRIDES = ("monitoring_config_overrides", "monitoringConfigOverrides")
SWITCHES = ("Enabled", "Disabled")
KNOWN = {
    "": {"version", "features", "monitoring_config"},
    "feature": {
        *("name", "inferred_type", "completeness", "num_constraints", "string_constraints"),
        *OVERRIDES,
    },
    "num_constraints": {"is_non_negative"},
    "string_constraints": {"domains", *OVERRIDES},
    **{name: {"evaluate_constraints", "emit_metrics"} for name in OVERRIDES},
    "monitoring_config": {
        *("evaluate_constraints", "emit_metrics", "datatype_check_threshold"),
        *("domain_content_threshold", "distribution_constraints"),
    },
    "distribution_constraints": {
        *("perform_comparison", "comparison_threshold", "comparison_method"),
        *("categorical_comparison_threshold", "categorical_drift_method"),
        *("level", "least_numeric_change", "least_categorical_change", "least_missing_change"),
    },
}


@dataclass(frozen=True)
class Constraint:
    """What one column must keep.

    Attributes:
        name: of the column.
        inferred_type: Integral, Fractional, String or Unknown.
        completeness: the share of rows that must have a value; None: as many as in the baseline,
            which a comparison decides, since half of all calm windows have fewer.
        non_negative: whether no number may be below zero.
        domain: the categories that there may be; None: any.
        evaluated: whether the column is looked at.
    """

    name: str
    inferred_type: str
    completeness: float | None
    non_negative: bool = False
    domain: frozenset[str] | None = None
    evaluated: bool = True


@dataclass(frozen=True)
class Constraints:
    """What a data set must keep.

    Attributes:
        columns: by name.
        evaluated: whether anything is looked at.
        compared: whether distributions are compared with the baseline's.
        level: how likely any false alarm of a calm window may be.
        least: the smallest change that matters, by kind: numeric, categorical, missing.
        datatype_share: the share of values that must be readable as their type.
        domain_share: the share of values that must be of the known categories.
    """

    columns: Mapping[str, Constraint]
    evaluated: bool = True
    compared: bool = True
    level: float = LEVEL
    least: Mapping[str, float] = field(default_factory=lambda: dict(LEAST))
    datatype_share: float = 1.0
    domain_share: float = 1.0


def suggested(columns: Mapping[str, Distribution]) -> dict[str, Any]:
    """The document that a baseline suggests."""
    return {
        "version": 0.0,
        "features": [_suggested(name, column) for name, column in columns.items()],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 0.99,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "level": LEVEL,
                **{f"least_{kind}_change": bound for kind, bound in LEAST.items()},
            },
        },
    }


def _suggested(name: str, column: Distribution) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "inferred_type": inferred_type(column),
        "completeness": _completeness(column),
    }
    if isinstance(column, Numbers) and column.known:
        found["num_constraints"] = {"is_non_negative": bool(column.values[0] >= 0)}
    if isinstance(column, Categories) and _knows_all(column):
        found["string_constraints"] = {"domains": sorted(column.counts)}
    return found


def read(
    found: Mapping[str, Any], reference: Mapping[str, Distribution] | None = None
) -> Constraints:
    """Constraints from a document, as it was suggested or as a person changed it.

    Args:
        found: the document.
        reference: columns of the baseline; what differs from them is a bound of a person's own.

    Raises:
        DataError: a bound is unknown or no number, or a switch is neither Enabled nor Disabled.
    """
    _check_names(found, "", "the file")
    config = _part(found, "monitoring_config", "the file")
    bounds = _part(config, "distribution_constraints", "monitoring_config")
    place = "monitoring_config.distribution_constraints"
    least = {kind: _least(bounds, kind, place) for kind in LEAST}
    columns = [_column(feature, reference or {}) for feature in _features(found)]
    return Constraints(
        {each.name: each for each in columns},
        _enabled(config, "evaluate_constraints", "monitoring_config"),
        _enabled(bounds, "perform_comparison", place),
        _share(bounds, "level", LEVEL, place),
        least,
        _share(config, "datatype_check_threshold", 1.0, "monitoring_config"),
        _share(config, "domain_content_threshold", 1.0, "monitoring_config"),
    )


def _features(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    features = found.get("features", [])
    if not isinstance(features, list) or not all(isinstance(each, Mapping) for each in features):
        raise DataError("features in constraints.json is no list of objects, each with a name")
    return features


def _least(bounds: Mapping[str, Any], kind: str, place: str) -> float:
    name = f"least_{kind}_change"
    if name not in bounds and ALSO.get(kind) in bounds:
        name = ALSO[kind]
    return _share(bounds, name, LEAST[kind], place)


def _column(found: Mapping[str, Any], reference: Mapping[str, Distribution]) -> Constraint:
    name = str(found.get("name", ""))
    place = f"feature {name!r}"
    _check_names(found, "feature", place)
    numbers = _part(found, "num_constraints", place)
    strings = _part(found, "string_constraints", place)
    domains = strings.get("domains")
    if domains is not None and not isinstance(domains, list):
        raise DataError(f"domains of {place} in constraints.json is {domains!r}; give a list")
    overrides = [
        _part(part, key, place) for part in (found, strings) for key in OVERRIDES if key in part
    ]
    complete = _share(found, "completeness", 0.0, place)
    known = _completeness(reference[name]) if name in reference else math.nan
    return Constraint(
        name,
        str(found.get("inferred_type", "Unknown")),
        None if math.isclose(complete, known, rel_tol=1e-9) else complete,
        bool(numbers.get("is_non_negative", False)),
        None if domains is None else frozenset(map(str, domains)),
        all(_enabled(each, "evaluate_constraints", place) for each in overrides),
    )


def _knows_all(column: Categories) -> bool:
    """Whether new rows have hardly a category that these have not.

    About as many rows do as there are known ones with a category that was seen once (Good, Turing).
    """
    once = sum(count == 1 for count in column.counts.values())
    return 0 < len(column.counts) <= MOST_CATEGORIES and once <= MOST_ONCE * column.known


def _completeness(column: Distribution) -> float:
    rows = column.known + column.missing
    return column.known / rows if rows else 0.0


def _part(found: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
    part = found.get(name) or {}
    if not isinstance(part, Mapping):
        raise DataError(f"{name} of {place} in constraints.json is {part!r}; give an object")
    _check_names(part, name, f"{name} of {place}")
    return part


def _check_names(found: Mapping[str, Any], kind: str, place: str) -> None:
    for name in found:
        if name not in KNOWN[kind]:
            raise DataError(
                f"{place} in constraints.json has a bound {name!r}, which nobody would look at"
                f"{job.suggest(name, KNOWN[kind])}"
            )


def _share(found: Mapping[str, Any], name: str, default: float, place: str) -> float:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DataError(f"{name} of {place} in constraints.json is {value!r}; give 0 to 1")
    return float(value)


def _enabled(found: Mapping[str, Any], name: str, place: str) -> bool:
    value = found.get(name, "Enabled")
    if value not in SWITCHES:
        raise DataError(
            f"{name} of {place} in constraints.json is {value!r}; give Enabled or Disabled"
        )
    return bool(value == "Enabled")
