"""`constraint_violations.json`: what new data did not keep, in Model Monitor's words.

Source: Amazon SageMaker Developer Guide, "Schema for Violations"; the descriptions keep the words
by which public readers of such files find the numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .constraints import Constraint, Constraints
from .distributions import Categories, Distribution, Numbers
from .drift import Finding


@dataclass(frozen=True)
class Violation:
    """One bound that was not kept.

    Attributes:
        feature_name: the column.
        constraint_check_type: Model Monitor's name of the check.
        description: a sentence.
        of_metric: the name is a metric's, not a column's.
    """

    feature_name: str
    constraint_check_type: str
    description: str
    of_metric: bool = False


def of_columns(
    constraints: Constraints, window: Mapping[str, Distribution], unreadable: Mapping[str, int]
) -> list[Violation]:
    """What single columns did not keep, whatever their distribution.

    Args:
        constraints: of the baseline.
        window: columns of the new rows.
        unreadable: how many values of a column were not of its type.
    """
    found: list[Violation] = []
    for name, kept in constraints.columns.items():
        if not kept.evaluated:
            continue
        if name not in window:
            said = "There is a missing column, which the baseline has"
            found.append(Violation(name, "missing_column_check", said))
            continue
        found += _of_column(constraints, kept, window[name], unreadable.get(name, 0))
    for name in window:
        if name not in constraints.columns:
            said = "There is an extra column, which the baseline does not have"
            found.append(Violation(name, "extra_column_check", said))
    return found


def _of_column(
    constraints: Constraints, kept: Constraint, column: Distribution, unreadable: int
) -> Iterable[Violation]:
    values = column.known + unreadable
    readable = column.known / values if values else 1.0
    if readable < constraints.datatype_share:
        yield Violation(
            kept.name,
            "data_type_check",
            "Data type match requirement is not met. Expected data type: "
            f"{kept.inferred_type}, Expected match: {constraints.datatype_share:.1%}. "
            f"Observed: Only {readable:.2%} of data is {kept.inferred_type}.",
        )
    rows = values + column.missing
    if kept.completeness is not None and rows and values / rows < kept.completeness:
        yield Violation(
            kept.name,
            "completeness_check",
            f"Value: {values / rows:.4g} does not meet the constraint requirement! "
            f"The file asks for completeness {kept.completeness:.4g}",
        )
    below = 0.0
    if isinstance(column, Numbers) and kept.non_negative and column.known:
        below = float(column.weights[column.values < 0].sum()) / column.known
    if below > 1 - constraints.datatype_share:
        yield Violation(
            kept.name,
            "data_type_check",
            f"Values below zero: {below:.2%}, where the baseline has none "
            "(num_constraints.is_non_negative)",
        )
    if isinstance(column, Categories) and kept.domain is not None and column.known:
        strange = {value: n for value, n in column.counts.items() if value not in kept.domain}
        share = 1 - sum(strange.values()) / column.known
        if strange and share < constraints.domain_share:
            yield Violation(
                kept.name,
                "categorical_values_check",
                f"Value: {share:.4g} does not meet the constraint requirement! Categories that the "
                f"baseline does not have: {', '.join(sorted(strange)[:5])}",
            )


def of_drift(constraints: Constraints, findings: Sequence[Finding]) -> list[Violation]:
    """What drifted."""
    return [_of_finding(constraints, each) for each in findings if each.drifted]


def _of_finding(constraints: Constraints, finding: Finding) -> Violation:
    compared = finding.comparison
    least = constraints.least[compared.kind]
    what = {
        "numeric": "Numerical distribution distance",
        "categorical": "Categorical distribution distance",
        "missing": "Share of missing values, distance",
    }[compared.kind]
    check = "completeness_check" if compared.kind == "missing" else "baseline_drift_check"
    return Violation(
        finding.column,
        check,
        f"{what}: {compared.effect:.4g} exceeds threshold: {least:.4g} "
        f"(p-value {compared.p_value:.2g})",
    )


def document(violations: Iterable[Violation]) -> dict[str, Any]:
    """The plain document."""
    return {"violations": [_plain(each) for each in violations]}


def _plain(violation: Violation) -> dict[str, str]:
    return {
        "metric_name" if violation.of_metric else "feature_name": violation.feature_name,
        "constraint_check_type": violation.constraint_check_type,
        "description": violation.description,
    }


def name_of(violation: Mapping[str, str]) -> str:
    """The column or metric of a plain violation."""
    return violation.get("feature_name") or violation["metric_name"]


def ending(violations: Sequence[object]) -> str:
    """The sentence with which a monitoring job ends."""
    if not violations:
        return "Completed: Job completed successfully with no violations."
    return f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."
