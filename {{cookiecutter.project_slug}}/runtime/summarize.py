"""Sum up the folds of a validation: the mean and deviation of each metric, and each fold's own."""

import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tabular import job
from tabular.artifact import extract
from tabular.values import DataError


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse the command line."""
    parser = job.Arguments("summarize", description=__doc__)
    add = parser.add_argument
    add("--folds", type=Path, required=True, help="folder with fold-1/model.tar.gz, fold-2/...")
    add("--folds-info", type=Path, required=True, help="folder with preprocessing's folds.json")
    add("--output", type=Path, required=True, help="folder for summary.json")
    return parser.parse_args(argv)


def fold_metrics(folder: Path, facts: Mapping[str, Any]) -> dict[str, float]:
    """What training measured on a fold's test rows; DataError when those were other rows."""
    with tempfile.TemporaryDirectory() as scratch:
        model = extract(folder, Path(scratch))
        if model is None:
            raise DataError(f"{folder} holds no model.tar.gz; train on fold {facts['fold']} first")
        measured = job.read_json(model, "fold_metrics.json")
    if measured["rows"] != facts["rows"]["test"]:
        raise DataError(
            f"{folder} was tested on {measured['rows']} rows, but fold {facts['fold']} has "
            f"{facts['rows']['test']}; give models of the same preprocessing, in order"
        )
    return measured["metrics"]


def summary(kind: str, folds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document: metrics over all folds (deviation: of a sample), and by fold."""
    over_folds = {}
    for name in folds[0]["metrics"]:
        values = [fold["metrics"][name] for fold in folds]
        over_folds[name] = {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1))}
    return {"kind": kind, "metrics": over_folds, "folds": list(folds)}


def summarize(options: Namespace) -> None:
    """Write summary.json and print a line for each fold and each metric."""
    info = job.read_json(options.folds_info, "folds.json")
    folds = []
    for facts in info["folds"]:
        measured = fold_metrics(options.folds / f"fold-{facts['fold']}", facts)
        folds.append({**facts, "rows": facts["rows"]["test"], "metrics": measured})
        listed = ", ".join(f"{name} {value:.6g}" for name, value in measured.items())
        print(f"fold {facts['fold']}: {listed}")
    document = summary(info["kind"], folds)
    with job.all_or_nothing(options.output) as folder:
        job.write_json(folder / "summary.json", document)
    for name, over in document["metrics"].items():
        print(f"validation:{name}={over['mean']:.6g} (deviation {over['std']:.6g})")


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("summarize"):
        summarize(arguments(argv))


if __name__ == "__main__":
    main()
