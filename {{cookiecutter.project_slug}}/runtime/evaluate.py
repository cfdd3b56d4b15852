"""Score the challenger, the champion and a constant on the same raw test rows, and compare them.

Each artifact predicts with its own code/inference.py, so the champion is judged as it would serve.
"""

import json
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import job
import metrics
from artifact import extract, own_inference, read_signature
from tables import read_records
from values import DataError


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line; an empty string means "not given"."""
    parser = job.Arguments("evaluate", description=__doc__)
    add = parser.add_argument
    add(
        "--model", type=Path, required=True, help="folder with model.tar.gz, or the extracted model"
    )
    add("--champion", default="", help="the same for the champion; without a model: no champion")
    add("--test", type=Path, required=True, help="folder with test.csv")
    add("--schema", type=Path, required=True, help="folder with schema.json")
    add("--output", type=Path, required=True, help="folder for evaluation.json")
    add("--primary-metric", default="", help="empty: the usual one of the problem type")
    return parser.parse_args(argv)


def score(
    who: str, model: Path, test_csv: Path, signature: dict[str, Any]
) -> tuple[dict[str, float], dict[str, float]]:
    """Metrics of an artifact on the raw test rows, and of the signature's constant prediction."""
    inference = own_inference(model)
    loaded = inference.model_fn(str(model))

    def predict(rows: Sequence[Any]) -> metrics.Predictions:
        try:
            return inference.predict_fn(rows, loaded)
        except ValueError as error:  # the artifact's own DataError is another class than ours
            raise DataError(f"the {who} cannot score this data: {error}") from error

    return metrics.measure_file(test_csv, signature, predict)


def gate(metric: str, challenger: dict[str, float], champion: dict[str, float]) -> dict[str, float]:
    """The primary metric of both, and by how much the challenger is better (no champion: 0)."""
    value = challenger[metric]
    best = champion.get(metric, value)
    margin = best - value if metric in metrics.MINIMIZED else value - best
    return {"value": value, "champion_value": best, "champion_margin": margin}


def evaluate(options: Namespace) -> None:
    """Write evaluation.json and print each metric beside the champion's and the constant's."""
    schema = json.loads(job.input_file(options.schema, "schema.json").read_text(encoding="utf-8"))
    test_csv = job.input_file(options.test, "test.csv")
    with tempfile.TemporaryDirectory() as scratch:
        model = extract(options.model, Path(scratch, "model"))
        if model is None:
            raise DataError(f"{options.model} holds no model.tar.gz; run train first")
        signature = read_signature("model", model, schema)
        challenger, constant = score("model", model, test_csv, signature)
        champion: dict[str, float] = {}
        rival = (
            extract(Path(options.champion), Path(scratch, "champion")) if options.champion else None
        )
        if rival is not None:
            read_signature("champion", rival, schema)
            champion, _ = score("champion", rival, test_csv, signature)

    kind = schema["problem_type"]
    primary = options.primary_metric or metrics.PRIMARY[kind]
    if primary not in challenger:
        raise DataError(
            f"primary metric {primary!r} is not one of {kind}{job.suggest(primary, challenger)}"
        )
    evaluation = {
        "problem_type": kind,
        "primary_metric": primary,
        "direction": "minimize" if primary in metrics.MINIMIZED else "maximize",
        "rows": sum(1 for _ in read_records(test_csv)),
        f"{kind}_metrics": {name: {"value": value} for name, value in challenger.items()},
        "constant_metrics": {name: {"value": value} for name, value in constant.items()},
        "champion_metrics": {name: {"value": value} for name, value in champion.items()},
        "gate": gate(primary, challenger, champion),
    }
    with job.all_or_nothing(options.output) as folder:
        (folder / "evaluation.json").write_text(json.dumps(evaluation, indent=2), encoding="utf-8")
    for name, value in challenger.items():
        beside = f", champion {champion[name]:.6g}" if champion else ""
        print(f"test:{name}={value:.6g} (constant {constant[name]:.6g}{beside})")


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("evaluate"):
        evaluate(arguments(argv))


if __name__ == "__main__":
    main()
