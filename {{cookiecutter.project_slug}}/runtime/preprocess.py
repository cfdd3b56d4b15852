"""Validate, type and split raw rows; fit nothing, so that every split stays as raw as a request."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import job
import roles
import tables
from features import REFERENCE_DATE
from splits import SPLITS, check_splits, split_by_date, split_by_hash
from values import DataError

PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line; an empty string means "not given"."""
    parser = job.Arguments("preprocess", description=__doc__)
    add = parser.add_argument
    add("--input", type=Path, required=True, help="a CSV or Parquet file, or a folder of them")
    add("--output", type=Path, required=True, help="folder for train, validation, test and schema")
    add("--target", default="", help='column to predict; empty: "target", else the last one')
    add("--problem-type", default="", choices=("", *PROBLEM_TYPES), help="empty: inferred")
    add("--column-names", default="", help="a,b,c for CSV files without a header")
    for role in ("numeric", "categorical", "date", "drop"):
        add(f"--{role}", default="", help=f"columns (a,b) to treat as {role}; others are inferred")
    add("--split", default="hash", choices=("hash", "date"), help="by hash of the row, or by date")
    add("--split-date-column", default="", help="column for --split date")
    add(
        "--split-dates",
        default="",
        help="first day of validation, first day of test, for --split date",
    )
    add("--row-limit", type=int, default=0, help="read this many rows; 0: all")
    add("--test-share", type=float, default=0.2, help="of the rows, for --split hash")
    add("--validation-share", type=float, default=0.2, help="of the rows, for --split hash")
    return parser.parse_args(argv)


def find_target(columns: Sequence[str], asked: str) -> str:
    """The name of the target column: as asked, else "target", else the last column."""
    if asked and asked not in columns:
        raise DataError(f"target column {asked!r} is not in the data{job.suggest(asked, columns)}")
    return asked or ("target" if "target" in columns else columns[-1])


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


def split_rows(raw: pd.DataFrame, options: Namespace) -> np.ndarray:
    """The split of each row, as the arguments ask."""
    if options.split == "hash":
        return split_by_hash(raw, options.test_share, options.validation_share)
    name = options.split_date_column
    if name not in raw.columns:
        raise DataError(
            f"--split-date-column {name!r} is not in the data{job.suggest(name, raw.columns)}"
        )
    return split_by_date(raw[name], job.words(options.split_dates))


def write_outputs(
    output: Path, frame: pd.DataFrame, split: np.ndarray, schema: dict[str, object]
) -> None:
    """Write a CSV per split and schema.json, each in a folder of its own; all or none."""
    with job.all_or_nothing(output) as folder:
        for name in SPLITS:
            (folder / name).mkdir()
            frame[split == name].to_csv(
                folder / name / f"{name}.csv", index=False, lineterminator="\n"
            )
        (folder / "schema").mkdir()
        (folder / "schema" / "schema.json").write_text(
            json.dumps(schema, indent=2), encoding="utf-8"
        )


def preprocess(options: Namespace) -> None:
    """Read, validate, split and write, saying what was decided on the way."""
    raw = tables.read_raw(options.input, job.words(options.column_names), options.row_limit)
    target = find_target(list(raw.columns), options.target)
    labelled = raw[raw[target].notna()]
    labels = labelled[target]
    problem_type = options.problem_type or roles.infer_problem_type(labels)
    roles.check_target(labels, problem_type)
    inputs = labelled.drop(columns=target)
    columns, ignored = roles.find_roles(inputs, given_roles(options, list(inputs.columns)))
    split = split_rows(labelled, options)
    check_splits(labels, split, problem_type)
    counts = {name: int((split == name).sum()) for name in SPLITS}
    schema = {
        "problem_type": problem_type,
        "target": target,
        "columns": columns,
        "ignored": ignored,
        "reference_date": REFERENCE_DATE,
        "rows": counts,
    }
    frame = labelled[[*(column["name"] for column in columns), target]]
    write_outputs(options.output, frame, split, schema)
    print(f"target: {target} ({problem_type}), missing in {len(raw) - len(labelled)} rows left out")
    for column in columns:
        print(f"{column['role']}: {column['name']}")
    for name, reason in ignored.items():
        print(f"ignored: {name}, because {reason}")
    print("rows: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("preprocess"):
        preprocess(arguments(argv))


if __name__ == "__main__":
    main()
