"""Score the challenger, the champion and a constant on the same raw test rows, and compare them.

Each artifact predicts with its own code/inference.py, so the champion is judged as it would serve.
The challenger is also looked at closely: its diagnostics, importance of columns, and slices.
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabular import diagnostics, gate, importance, job, known_records, metrics, slices
from tabular.artifact import opened
from tabular.records import Split
from tabular.scoring import score
from tabular.split_files import open_split
from tabular.values import DataError


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line and the file of options; an empty string means "not given"."""
    parser = job.Arguments("evaluate", description=__doc__)
    add = parser.add_argument
    add(
        "--model", type=Path, required=True, help="folder with model.tar.gz, or the extracted model"
    )
    add("--champion", default="", help="the same for the champion; without a model: no champion")
    add("--test", type=Path, required=True, help="folder with test.csv")
    add("--schema", type=Path, required=True, help="folder with schema.json")
    add("--output", type=Path, required=True, help="folder for evaluation.json, known_records.json")
    add("--primary-metric", default="", help="empty: the usual one of the problem type")
    add("--metric-threshold", type=float, help="what it must reach; not given: anything")
    add("--summary", default="", help="folder with summary.json of the folds, if there were any")
    add("--gate-on", default="test", choices=("test", "validation"), help="or the folds' mean")
    add("--slices", default="", help="columns (a,b) by whose values to measure")
    add("--slice-bound", default="", help="what slices must reach: column=value:bound,...")
    return parser.parse_with_file(argv)


def champion_metrics(options: Namespace, schema: dict[str, Any], test: Split) -> dict[str, float]:
    """The champion's metrics on the same rows; none without a champion."""
    if not options.champion:
        return {}
    with opened("champion", Path(options.champion), schema) as champion:
        if champion is None:
            return {}
        return score(test, champion.signature, champion.predict).measured()


def evaluate(options: Namespace) -> None:
    """Write evaluation.json and print each metric beside the champion's and the constant's."""
    schema = job.read_json(options.schema, "schema.json")
    test = open_split(options.test, "test")
    columns = slices.columns(options.slices, options.slice_bound, test)
    summary = gate.read_summary(options.summary, needed=options.gate_on == "validation")
    kind = schema["problem_type"]
    primary = options.primary_metric or metrics.PRIMARY[kind]
    with opened("model", options.model, schema) as model:
        if model is None:
            raise DataError(f"{options.model} holds no model.tar.gz; run train first")
        drawn = importance.PERMUTED_ROWS
        scored = score(test, model.signature, model.predict, columns, drawn)
        challenger, constant = scored.measured(), scored.constant_measured()
        if primary not in challenger:
            raise DataError(
                f"primary metric {primary!r} is not one of {kind}{job.suggest(primary, challenger)}"
            )
        important = importance.by_column(model, scored.sample, primary)
        known = known_records.known(model, scored.sample)
    champion = champion_metrics(options, schema, test)
    roles = {column["name"]: column["role"] for column in schema["columns"]}
    by_slice = slices.measure(scored, roles)
    missed = slices.missed(by_slice, slices.bounds(options.slice_bound), primary)
    compared = gate.compare(primary, challenger, champion)
    threshold = options.metric_threshold
    asked = gate.values(compared, primary, options.gate_on, summary, missed, threshold)
    evaluation = {
        "problem_type": kind,
        "primary_metric": primary,
        "direction": "minimize" if primary in metrics.MINIMIZED else "maximize",
        "rows": len(scored.truth),
        f"{kind}_metrics": metrics.document(challenger),
        "constant_metrics": metrics.document(constant),
        "champion_metrics": metrics.document(champion),
        "gate": asked,
        "validation": summary,
        "slices": by_slice,
        "importance": important,
        "diagnostics": diagnostics.diagnose(scored),
    }
    with job.all_or_nothing(options.output) as folder:
        job.write_json(folder / "evaluation.json", evaluation)
        job.write_json(folder / known_records.FILE, known)  # for whoever deploys the model
    for name, value in challenger.items():
        beside = f", champion {champion[name]:.6g}" if champion else ""
        print(f"test:{name}={value:.6g} (constant {constant[name]:.6g}{beside})")
    print(f"gate: {asked['message']}")
    job.leave_message(asked["message"])


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("evaluate"):
        evaluate(arguments(argv))


if __name__ == "__main__":
    main()
