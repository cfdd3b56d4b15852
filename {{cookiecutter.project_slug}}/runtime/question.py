"""What is asked of the data: the target, the problem type and the role of each column.

What a person gives comes first, then what the data contract says, and the rest is inferred.
"""

from argparse import Namespace
from collections.abc import Sequence

import pandas as pd

import job
import roles
from contract import Contract
from values import DataError

Roles = tuple[list[dict[str, str]], dict[str, str]]  # used columns, reasons of ignored ones


def find_target(columns: Sequence[str], asked: str, agreed: Contract | None) -> str:
    """The target column: as asked, else the contract's, else "target", else the last column."""
    name = _one_answer("--target", asked, agreed.target if agreed else "")
    if name and name not in columns:
        raise DataError(f"target column {name!r} is not in the data{job.suggest(name, columns)}")
    return name or ("target" if "target" in columns else columns[-1])


def find_problem_type(labels: pd.Series, asked: str, agreed: Contract | None) -> str:
    """The problem type: as asked, else the contract's, else inferred from the target's texts."""
    found = _one_answer("--problem-type", asked, agreed.problem_type if agreed else "")
    found = found or roles.infer_problem_type(labels)
    roles.check_target(labels, found)
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
        return roles.find_roles(inputs, given)
    said = agreed.roles()
    by_contract = {name: said.get(name, "drop") for name in inputs.columns if name not in given}
    columns, ignored = roles.find_roles(inputs, {**by_contract, **given})
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
