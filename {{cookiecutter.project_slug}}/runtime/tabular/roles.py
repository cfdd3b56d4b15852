"""What is asked of the data: the target, the problem type and the role of each column, and why.

What a person gives comes first, then what the data contract says, and the rest is inferred.
"""

import re
from argparse import Namespace
from collections.abc import Mapping, Sequence

import pandas as pd

from . import job
from .contract import Contract
from .values import DataError, is_day

MOSTLY = 0.95  # a column that is a number in 95% of its rows is numeric, with mistakes in it
MAX_CLASSES = 100
Roles = tuple[list[dict[str, str]], dict[str, str]]  # used columns, reasons of ignored ones
ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|unnamed: \d+)$", re.IGNORECASE)


def unreadable(values: pd.Series, role: str) -> pd.Series:
    """Mark the texts (none missing) that cannot be read in `role`; any text is a category."""
    if role == "numeric":
        numbers = pd.to_numeric(values, errors="coerce")
        return numbers.isna() | numbers.isin([float("inf"), float("-inf")])
    if role == "date":
        return values.isin([each for each in values.unique() if not is_day(each)])
    return pd.Series(False, index=values.index)


def check_readable(values: pd.Series, role: str) -> None:
    """Raise a DataError that names the first text in a column that does not fit its role."""
    bad = unreadable(values, role)
    if bad.any():
        kind = {"numeric": "a number", "date": "a date like 2024-12-31"}[role]
        raise DataError(
            f"column {values.name!r} is {role} but row {values.index[bad][0] + 1} holds "
            f"{values[bad].iloc[0]!r}, which is not {kind}; correct it, or list the column "
            "under --categorical or --drop"
        )


def infer_role(values: pd.Series) -> str:
    """The role of a column, from its texts (none missing), where nobody gave one."""
    for role in ("numeric", "date"):
        if unreadable(values, role).mean() <= 1 - MOSTLY:
            return role
    return "categorical"


def reason_to_ignore(values: pd.Series, role: str) -> str:
    """Why a column can teach a model nothing, from its texts (none missing); "" when it can."""
    distinct = values.nunique()
    if distinct <= 1:
        return "it has one value" if distinct else "it is empty"
    if role == "numeric" and distinct == len(values):
        numbers = pd.to_numeric(values, errors="coerce")
        whole = (numbers % 1 == 0).all()
        if whole and ID_NAME.search(str(values.name)):
            return "it is an identifier: each row has its own"
        if whole and numbers.max() - numbers.min() == len(numbers) - 1:
            return "it numbers the rows"
    if role == "categorical" and distinct > max(20, len(values) / 2):
        return f"it is an identifier or free text: {distinct} values in {len(values)} rows"
    return ""


def infer_roles(
    raw: pd.DataFrame, given: Mapping[str, str]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Roles of the columns of `raw` (texts, NaN where missing), and reasons for those ignored.

    `given` maps names to roles that a person chose, "drop" among them; they are never overruled.
    """
    columns, ignored = [], {}
    for name in raw.columns:
        values = raw[name].dropna()
        role = given.get(name) or infer_role(values)
        reason = "" if name in given else reason_to_ignore(values, role)
        if role == "drop" or reason:
            ignored[name] = reason or "it is listed under --drop"
            continue
        check_readable(values, role)
        columns.append({"name": name, "role": role})
    if not columns:
        raise DataError(f"no column is left to learn from: {ignored}; give roles by --numeric etc.")
    return columns, ignored


def infer_problem_type(target: pd.Series) -> str:
    """What to predict, from the target's texts: many numbers, two labels, or several labels."""
    labels = target.nunique()
    if labels > 15 and not unreadable(target, "numeric").any():
        return "regression"
    return "binary_classification" if labels == 2 else "multiclass_classification"


def check_target(target: pd.Series, problem_type: str) -> None:
    """Raise a DataError when a target (text, none missing) does not fit `problem_type`."""
    labels = target.nunique()
    if labels < 2:
        raise DataError(
            f"target {target.name!r} has {labels} different values in {len(target)} rows; a model "
            "needs at least two to tell apart"
        )
    if problem_type == "regression":
        check_readable(target, "numeric")
    elif labels > MAX_CLASSES:
        raise DataError(
            f"target {target.name!r} has {labels} values, too many for {problem_type}; choose "
            "regression or another target"
        )
    elif problem_type == "binary_classification" and labels > 2:
        raise DataError(
            f"target {target.name!r} has {labels} values, but binary_classification needs two; "
            "choose multiclass_classification or regression"
        )


def find_target(columns: Sequence[str], asked: str, agreed: Contract | None) -> str:
    """The target column: as asked, else the contract's, else "target", else the last column."""
    name = _one_answer("--target", asked, agreed.target if agreed else "")
    if name and name not in columns:
        raise DataError(f"target column {name!r} is not in the data{job.suggest(name, columns)}")
    return name or ("target" if "target" in columns else columns[-1])


def find_problem_type(labels: pd.Series, asked: str, agreed: Contract | None) -> str:
    """The problem type: as asked, else the contract's, else inferred from the target's texts."""
    found = _one_answer("--problem-type", asked, agreed.problem_type if agreed else "")
    found = found or infer_problem_type(labels)
    check_target(labels, found)
    return found


def _one_answer(argument: str, asked: str, agreed: str) -> str:
    if asked and agreed and asked != agreed:
        raise DataError(
            f"{argument} is {asked!r}, but the data contract says {agreed!r}; change one of them"
        )
    return asked or agreed


def find_roles(inputs: pd.DataFrame, options: Namespace, agreed: Contract | None) -> Roles:
    """Used columns with their roles, and reasons for the others; a person's roles come first."""
    given = given_roles(options, list(inputs.columns))
    if not agreed:
        return infer_roles(inputs, given)
    said = agreed.roles()
    by_contract = {name: said.get(name, "drop") for name in inputs.columns if name not in given}
    columns, ignored = infer_roles(inputs, {**by_contract, **given})
    for name in ignored.keys() & by_contract.keys():
        known = agreed.columns.get(name)
        ignored[name] = (
            known.reason or "the data contract drops it" if known else "no data contract has it"
        )
    return columns, ignored


def given_roles(options: Namespace, columns: Sequence[str]) -> dict[str, str]:
    """Column names with the roles that the arguments give them."""
    given: dict[str, str] = {}
    for role in ("numeric", "categorical", "date", "drop"):
        for name in job.words(getattr(options, role)):
            if name not in columns:
                raise DataError(
                    f"--{role} names {name!r}, which is not in the data{job.suggest(name, columns)}"
                )
            if name in given:
                raise DataError(
                    f"column {name!r} is under --{given[name]} and --{role}; choose one"
                )
            given[name] = role
    return given
