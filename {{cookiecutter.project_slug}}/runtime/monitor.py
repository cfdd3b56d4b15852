"""Write the baseline of a model version, or hold a window of captured requests to it."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from monitoring import baseline, ground_truth, statistics, violations
from monitoring.window import Baseline, Result, Window
from tabular import job
from tabular.artifact import opened
from tabular.split_files import open_split
from tabular.values import DataError


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line; without a capture, a baseline is written."""
    parser = job.Arguments("monitor", description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, required=True, help="folder with model.tar.gz")
    add("--schema", type=Path, required=True, help="folder with schema.json")
    add("--output", type=Path, required=True, help="folder for what is written")
    add("--train", type=Path, help="folder with train.csv, for a baseline")
    add("--test", type=Path, help="folder with test.csv, for a baseline")
    add("--baseline", type=Path, help="folder of a baseline, for a window")
    add("--capture", type=Path, help="folder with captured requests, for a window")
    add("--ground-truth", type=Path, help="folder with labels, where there are any")
    add("--start", default="", help="time of the window's beginning, such as 2026-11-25T10:00Z")
    add("--end", default="", help="time of its end")
    return parser.parse_args(argv)


def moment(text: str, name: str) -> datetime | None:
    """A time of the command line; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    except ValueError:
        raise DataError(f"--{name} is {text!r}; give a time such as 2026-11-25T10:00Z") from None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None


def files(folder: Path | None, *endings: str) -> list[Path]:
    """The files of a folder and of those below it, in their order."""
    if folder is None:
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)


def write_window(folder: Path, result: Result) -> None:
    """Write what a window is like: statistics, violations, and every comparison."""
    job.write_json(folder / "statistics.json", statistics.document(result.columns, result.rows))
    job.write_json(folder / "constraint_violations.json", violations.document(result.violations))
    compared = [
        {"column": each.column, **vars(each.comparison), "drifted": each.drifted}
        | {"stability_index": each.stability_index}
        for each in result.findings
    ]
    document = {
        "rows": result.rows,
        "labelled": result.labelled,
        "metrics": result.metrics,
        "estimated_accuracy": result.estimated_accuracy,
        "comparisons": compared,
        "notes": result.notes,
    }
    job.write_json(folder / "monitoring.json", document)


def monitor(options: Namespace) -> None:
    """Do what the arguments ask for, and end in a sentence."""
    schema = job.read_json(options.schema, "schema.json")
    with (
        opened("model", options.model, schema) as model,
        job.all_or_nothing(options.output) as folder,
    ):
        if model is None:
            raise DataError(f"{options.model} holds no model.tar.gz; run train first")
        if options.capture is None:
            train, test = open_split(options.train, "train"), open_split(options.test, "test")
            said = baseline.write(folder, train, test, model)
            ending = f"the baseline: {', '.join(said)}"
        else:
            labels = ground_truth.read(files(options.ground_truth, ".jsonl", ".csv"))
            span = moment(options.start, "start"), moment(options.end, "end")
            window = Window(Baseline.open(options.baseline, model.signature), labels, *span)
            unreadable = window.read(files(options.capture, ".jsonl"))
            result = window.result()
            result.notes += [unreadable.sentence()] if unreadable.count else []
            write_window(folder, result)
            said = [*(each.description for each in result.violations), *result.notes]
            ending = violations.ending(result.violations)
    print("\n".join([*said, ending]))
    job.leave_message(ending)


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("monitor"):
        monitor(arguments(argv))


if __name__ == "__main__":
    main()
