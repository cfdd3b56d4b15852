"""Validate, type and split raw rows; fit nothing, so that every split stays as raw as a request."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from features import REFERENCE_DATE
from tabular import contract, job, partition, roles, splits, tables

PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line and the file of options; an empty string means "not given"."""
    parser = job.Arguments("preprocess", description=__doc__)
    add = parser.add_argument
    add("--input", type=Path, required=True, help="a CSV or Parquet file, or a folder of them")
    add("--output", type=Path, required=True, help="folder for the splits, test records and schema")
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
    add(
        "--validation",
        default="holdout",
        choices=splits.VALIDATIONS,
        help="folds as well",
    )
    add("--folds", type=int, default=5, help="how many folds, for cross_validation and backtest")
    add("--slices", default="", help="columns (a,b) that the test rows keep whatever their role")
    add("--contract", default="", help="data contract to keep: its JSON file, or the folder of it")
    add("--row-limit", type=int, default=0, help="read this many rows; 0: all")
    add("--test-share", type=float, default=0.2, help="of the rows, for --split hash")
    add("--validation-share", type=float, default=0.2, help="of the rows, for --split hash")
    return parser.parse_with_file(argv)


def read(options: Namespace, agreed: contract.Contract | None) -> pd.DataFrame:
    """The raw rows; with a data contract, DataError where they break it."""
    raw = tables.read_raw(options.input, job.words(options.column_names), options.row_limit)
    if not agreed:
        return raw
    from tabular.table_check import (
        hold,  # here, because the library that it asks takes a second to load
    )

    return hold(raw, agreed)


def preprocess(options: Namespace) -> None:
    """Read, validate, split and write, saying what was decided on the way."""
    agreed = contract.load(options.contract)
    raw = read(options, agreed)
    target = roles.find_target(list(raw.columns), options.target, agreed)
    labelled = raw[raw[target].notna()]
    labels = labelled[target]
    problem_type = roles.find_problem_type(labels, options.problem_type, agreed)
    columns, ignored = roles.find_roles(labelled.drop(columns=target), options, agreed)
    split = partition.split_rows(labelled, options)
    splits.check_splits(labels, split, problem_type)
    found = partition.fold_rows(labelled, labels, split, problem_type, options)
    schema = {
        "problem_type": problem_type,
        "target": target,
        "columns": columns,
        "ignored": ignored,
        "reference_date": REFERENCE_DATE,
        "rows": partition.count(split),
        **({"contract": agreed.document} if agreed else {}),
    }
    names = [*(column["name"] for column in columns), target]
    kept = [each for each in partition.slice_columns(labelled, options) if each not in names]
    with job.all_or_nothing(options.output) as folder:
        partition.write_splits(folder, labelled[names + kept], split, kept)
        partition.write_records(folder, labelled, split, names[:-1])
        if found:
            partition.write_folds(folder / "folds", labelled[names], found, options.validation)
        (folder / "schema").mkdir()
        job.write_json(folder / "schema" / "schema.json", schema)
    print(f"target: {target} ({problem_type}), missing in {len(raw) - len(labelled)} rows left out")
    for column in columns:
        print(f"{column['role']}: {column['name']}")
    for name, reason in ignored.items():
        print(f"ignored: {name}, because {reason}")
    print("rows: " + listed(partition.count(split)))
    for number, fold in enumerate(found, start=1):
        print(f"fold {number}: " + listed(partition.count(fold.split) | fold.facts))


def listed(facts: Mapping[str, object]) -> str:
    """Facts on one line of the log."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("preprocess"):
        preprocess(arguments(argv))


if __name__ == "__main__":
    main()
