"""Validate, type and split raw rows; fit nothing, so that every split stays as raw as a request."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from features import REFERENCE_DATE
from tabular import contract, given, job, partition, roles, splits, test_table, written
from tabular.hosts import Hosts, together
from tabular.partition import Splitting
from tabular.survey import open_share, survey

PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line and the file of options; an empty string means "not given"."""
    parser = job.Arguments("preprocess", description=__doc__)
    add = parser.add_argument
    add("--input", type=Path, required=True, help="a CSV or Parquet file, or a folder of them")
    add("--output", type=Path, required=True, help="folder for the splits, test records and schema")
    add("--test-data", type=Path, help="the same for test rows; not given: part of --input")
    add("--target", default="", help='column to predict; empty: "target", else the last one')
    add("--problem-type", default="", choices=("", *PROBLEM_TYPES), help="empty: inferred")
    add("--column-names", default="", help="a,b,c for CSV files without a header")
    for role in ("numeric", "categorical", "date", "drop"):
        add(f"--{role}", default="", help=f"columns (a,b) to treat as {role}; others are inferred")
    add("--spelling", default="", help='how columns are written: "day=DD/MM/YYYY; rent=1.234,56"')
    add("--missing", default="", help='words that mean missing: "area=?,k.A.; rent=-999"')
    add("--split", default="hash", choices=("hash", "date"), help="by hash of the row, or by date")
    add("--split-date-column", default="", help="column for --split date")
    add("--split-dates", default="", help="first days of validation and test, for --split date")
    add("--validation", default="holdout", choices=splits.VALIDATIONS, help="folds as well")
    add("--folds", type=int, default=5, help="how many folds, for cross_validation and backtest")
    add("--slices", default="", help="columns (a,b) that the test rows keep whatever their role")
    add("--contract", default="", help="data contract to keep: its JSON file, or the folder of it")
    add("--hosts", type=Path, help="resourceconfig.json, where hosts share the files of --input")
    add("--row-limit", type=int, default=0, help="read this many rows; 0: all")
    add("--test-share", type=float, default=0.2, help="of the rows, for --split hash")
    add("--validation-share", type=float, default=0.2, help="of the rows, for --split hash")
    return parser.parse_with_file(argv)


def preprocess(options: Namespace) -> None:
    """Read, validate, split and write, alone or with other hosts of the job."""
    hosts = Hosts.of_processing(options.hosts)
    with together(hosts):
        split_rows(options, hosts)


def split_rows(options: Namespace, hosts: Hosts) -> None:
    """Do so with the rows of this host's files, saying what was decided for those of all hosts."""
    agreed = contract.load(options.contract)
    header = job.words(options.column_names)
    table = open_share(options.input, header, options.row_limit, hosts)
    if options.test_data:
        test_table.add(table, options.test_data, header, hosts)
    target = roles.find_target(table.columns, options.target, agreed)
    found = survey(table, target, agreed, hosts=hosts)
    inputs = [facts for name, facts in found.facts.items() if name != target]
    own = given.readings(options, table.columns).get(target, given.NOTHING)
    read = roles.target_reading(found.facts[target], options.problem_type, agreed, own)
    kind = roles.find_problem_type(found.facts[target], read, options.problem_type, agreed)
    columns = roles.find_columns(inputs, options, agreed)
    splitting = Splitting.of(options, found.facts, columns.readings())
    splitting.given_from = table.given_from
    splitting.look(lambda: found.again(read), hosts)
    names = [*(column["name"] for column in columns.used), target]
    kept = [n for n in partition.slice_columns(table.columns, options) if n not in names]
    with job.all_or_nothing(options.output) as folder:
        rows = found.again(read, columns)
        asked = names, kept, splitting, kind != "regression", hosts.part
        done, *others = hosts.agree(lambda: partition.write(folder, rows, *asked))
        for each in others:
            done.merge(each)
        written.check(done, kind)
        of_target = [] if agreed else roles.reading_notes(read, found.facts[target].examples)
        notes = [*table.notes, *of_target, *columns.notes, *written.untrained(done, kind)]
        schema = {
            "problem_type": kind,
            "target": target,
            "columns": columns.used,
            "ignored": columns.ignored,
            "reference_date": REFERENCE_DATE,
            "rows": done.rows(),
            **({"notes": notes} if notes else {}),
            **({"contract": agreed.document} if agreed else {}),
        }
        if hosts.is_first:
            (folder / "schema").mkdir()
            job.write_json(folder / "schema" / "schema.json", schema)
        if hosts.is_first and done.folds:
            written.write_fold_facts(folder, done, options.validation)
    left_out = found.rows - sum(done.rows().values())
    print(f"target: {target} ({kind}), missing in {left_out} rows left out")
    for column in columns.used:
        print(f"{column['role']}: {column['name']}")
    for name, reason in columns.ignored.items():
        print(f"ignored: {name}, because {reason}")
    print("rows: " + listed(done.rows()))
    for number, (labels, facts) in enumerate(zip(done.folds, done.facts, strict=True), 1):
        print(f"fold {number}: " + listed(written.count(labels) | facts))
    for note in notes:
        print(f"note: {note}")


def listed(facts: Mapping[str, object]) -> str:
    """Facts on one line of the log."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("preprocess"):
        preprocess(arguments(argv))


if __name__ == "__main__":
    main()
