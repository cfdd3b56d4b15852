"""Put a batch job's answers into tables, and sum them up beside what training's test rows had."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tabular import job
from tabular.prediction_summary import PredictionSummary
from tabular.scored_rows import Answers, write_csv
from tabular.selection import ANSWERED
from tabular.values import DataError

NO_REFERENCE = (
    "the model was registered without a summary of its predictions, so there is nothing to compare "
    "these with; a model that is trained now has one"
)


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line."""
    parser = job.Arguments("summarize_scores", description=__doc__)
    add = parser.add_argument
    add("--answers", type=Path, required=True, help="folder with what the batch job wrote")
    add("--selection", type=Path, required=True, help="folder with select_records' counts.json")
    add("--evaluation", type=Path, required=True, help="the model's evaluation.json, if any")
    add("--output", type=Path, required=True, help="folder for the tables and summary.json")
    return parser.parse_args(argv)


def reference(folder: Path) -> dict[str, Any]:
    """The distribution of predictions that the model's evaluation has; empty without one."""
    file = folder / "evaluation.json"
    document = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return dict(document.get("diagnostics", {}).get("predictions", {}))


def tables(
    answers: Answers, file: Path, summary: PredictionSummary
) -> Iterator[Mapping[str, pa.Array]]:
    """A file's answers as columns of a table, some at a time, summed up on their way."""
    for scored in answers.batches(file):
        summary.add(scored.predictions)
        yield scored.columns()


def summarize_scores(options: Namespace) -> None:
    """Write `<input's name>.scored.csv` for each file, and summary.json."""
    counts = job.read_json(options.selection, "counts.json")
    summary = PredictionSummary()
    with job.all_or_nothing(options.output) as folder:
        for name, of_file in counts["files"].items():
            if not of_file["scored"]:
                continue
            target, before = folder / "scored" / f"{name}.scored.csv", summary.rows
            target.parent.mkdir(parents=True, exist_ok=True)
            answers = Answers(of_file["kept"], counts["classes"])
            source = job.input_file(options.answers, f"{name}{ANSWERED}")
            write_csv(tables(answers, source, summary), target)
            if (found := summary.rows - before) != of_file["scored"]:
                raise DataError(
                    f"the batch job answered {found:,} of {of_file['scored']:,} records of {name}; "
                    "look at its log, and score them again"
                )
            print(f"{name}: {found:,} records scored, {of_file['rejected']:,} rejected")
        before_them = reference(options.evaluation)
        document = {
            **counts,
            "predictions": summary.document(),
            "reference": before_them,
            "note": "" if before_them else NO_REFERENCE,
        }
        (folder / "summary").mkdir()
        job.write_json(folder / "summary" / "summary.json", document)
    if document["note"]:
        print(f"note: {document['note']}")
    job.leave_message(f"{counts['scored']:,} records scored, {counts['rejected']:,} rejected")


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("summarize_scores"):
        summarize_scores(arguments(argv))


if __name__ == "__main__":
    main()
