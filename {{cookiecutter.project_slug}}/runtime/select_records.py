"""Hold new data to a model's own contract, and write what can be scored as JSON Lines."""

import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabular import admission, artifact, job, new_data, selection
from tabular.values import DataError

NAMED = 3  # rejected records and reasons in a sentence about some of them
Files = Mapping[str, selection.Counts]


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line and the file of options; an empty string means "not given"."""
    parser = job.Arguments("select_records", description=__doc__)
    add = parser.add_argument
    add("--input", type=Path, required=True, help="a CSV, Parquet or JSON Lines file, or a folder")
    add("--model", type=Path, required=True, help="folder with model.tar.gz of what scores them")
    add("--output", type=Path, required=True, help="folder for records, and for the selection")
    add("--keep", default="", help='columns (a,b) to keep beside a prediction; empty: all; "none"')
    add("--column-names", default="", help="a,b,c for CSV files without a header")
    add("--rejects-allowed", type=float, default=0.0, help="share of the records, 0 to 1")
    return parser.parse_with_file(argv)


def taken_by(folder: Path) -> admission.Admission:
    """What the model in a folder takes."""
    with tempfile.TemporaryDirectory() as scratch:
        model = artifact.extract(folder, Path(scratch))
        if model is None:
            raise DataError(f"{folder} holds no model.tar.gz; give that of a registered model")
        return admission.Admission.of_artifact(model)


def check_share(files: Files, sizes: Mapping[str, int], allowed: float) -> None:
    """Raise a DataError where more cannot be scored than is allowed, or nothing can.

    A file that cannot be read counts by its bytes, since nobody knows its rows.
    """
    rows = sum(counts.rows for counts in files.values())
    rejected = sum(counts.rejected for counts in files.values())
    refused = {name: counts.refused for name, counts in files.items() if counts.refused}
    unread = sum(sizes[name] for name in refused) / max(1, sum(sizes.values()))
    share = unread + (1 - unread) * (rejected / rows if rows else 0)
    if share <= allowed and rejected < rows:
        return
    said = [f"{rejected:,} of {rows:,} records"] * bool(rejected)
    said += [f"{len(refused)} of {len(files)} files"] * bool(refused)
    why = list(refused.values())[:NAMED]
    why += [f"{name}, {each}" for name, counts in files.items() for each in counts.first][:NAMED]
    if not rows and not refused:
        raise DataError("the data has no record to score; give a file with rows")
    raise DataError(
        f"{' and '.join(said)} cannot be scored, {share:.2%} of the data, where `rejects_allowed` "
        f"is {allowed:.2%}: {'; '.join(why)}; mend them, or allow a larger share"
    )


def documented(model: admission.Admission, files: Files) -> dict[str, Any]:
    """What later steps and people want to know: which model, which columns, how many rows."""
    reasons: Counter[str] = Counter()
    for counts in files.values():
        reasons.update(counts.reasons)
    signature = model.signature
    return {
        "problem_type": signature["problem_type"],
        "target": signature["target"],
        "classes": signature["classes"],
        "rows": sum(counts.rows for counts in files.values()),
        "scored": sum(counts.scored for counts in files.values()),
        "rejected": sum(counts.rejected for counts in files.values()),
        "reasons": dict(reasons.most_common()),
        "files": {
            name: {
                "kept": counts.kept,
                "scored": counts.scored,
                "rejected": counts.rejected,
                "refused": counts.refused,
            }
            for name, counts in files.items()
        },
    }


def select_records(options: Namespace) -> None:
    """Write `records`, and `selection` with rejects and counts; nothing if too many are unfit."""
    model, found = taken_by(options.model), new_data.find(options.input)
    named = [] if options.keep == "none" else job.words(options.keep)
    keep = named if options.keep else None
    names = job.words(options.column_names)
    with job.all_or_nothing(options.output) as folder:
        files = {each.name: selection.select(each, model, keep, names, folder) for each in found}
        sizes = {each.name: each.path.stat().st_size for each in found}
        for name, counts in files.items():
            print(f"{name}: {counts.refused or f'{counts.rows:,} records'}")
            for reason, rows in counts.reasons.most_common():
                print(f"rejected: {rows:,} records of {name}, {reason}")
        check_share(files, sizes, options.rejects_allowed)
        document = documented(model, files)
        job.write_json(folder / "selection" / "counts.json", document)
    job.leave_message(f"{document['scored']:,} of {document['rows']:,} records can be scored")


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("select_records"):
        select_records(arguments(argv))


if __name__ == "__main__":
    main()
