"""Fit the encoding and a model on the training split, and write the artifact as plain data."""

import json
import os
import shutil
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import features
import inference
import job
import metrics
from models import FAMILIES, Table
from tables import read_batches, read_records
from values import DataError

SERVED = ("inference.py", "features.py", "values.py")  # what a prediction needs goes with the model


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse hyperparameters and folders; SageMaker gives the folders as SM_* variables."""
    parser = job.Arguments("train", description=__doc__)
    add = parser.add_argument
    add("--model-family", "--model_family", default="xgboost", choices=tuple(FAMILIES))
    add("--max-depth", "--max_depth", type=int, default=4, help="levels of a tree")
    add("--eta", type=float, default=0.1, help="learning rate")
    add("--rounds", type=int, default=400, help="trees at most; validation stops earlier")
    add("--subsample", type=float, default=0.8, help="share of rows for each tree")
    add("--min-child-weight", "--min_child_weight", type=float, default=5.0, help="in each leaf")
    add("--alpha", type=float, default=1.0, help="regularisation of the linear model")
    add("--seed", type=int, default=7)
    for channel in ("train", "validation", "schema"):
        folder = os.environ.get(f"SM_CHANNEL_{channel.upper()}")
        add(f"--{channel}", type=Path, default=folder, required=not folder, help="channel's folder")
    model_dir = os.environ.get("SM_MODEL_DIR")
    add("--model-dir", "--model_dir", type=Path, default=model_dir, required=not model_dir)
    options = parser.parse_args(argv)
    for name in ("max_depth", "eta", "rounds", "subsample", "alpha"):
        if not getattr(options, name) > 0:
            raise DataError(
                f"--{name.replace('_', '-')} must be above 0, not {getattr(options, name)}"
            )
    return options


def read_split(path: Path, encoder: features.Encoder, target: str) -> tuple[np.ndarray, list[str]]:
    """A split as an array of shape (rows, numbers) and the texts of its target."""
    matrices, truth = [], []
    for batch in read_batches(path):
        matrices.append(encoder.matrix(batch))
        truth += [row[target] for row in batch]
    return np.concatenate(matrices), truth


def table(matrix: np.ndarray, truth: Sequence[str], classes: Sequence[str]) -> Table:
    """What a model fits: labels become positions; rows with unknown labels are left out."""
    if not classes:
        return matrix, np.array(truth, dtype=float)
    positions = {label: position for position, label in enumerate(classes)}
    codes = np.array([positions.get(label, -1) for label in truth])
    return matrix[codes >= 0], codes[codes >= 0]


def constant_prediction(truth: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """The best prediction that ignores its input: the mean, or the shares of the classes."""
    if not classes:
        return {"prediction": float(np.mean(np.array(truth, dtype=float)))}
    counts = Counter(truth)
    shares = {label: counts[label] / len(truth) for label in classes}
    return {"prediction": counts.most_common(1)[0][0], "probabilities": shares}


def train(options: Namespace) -> None:
    """Fit, write the artifact, and score the validation split by the artifact's predictions."""
    schema = json.loads(job.input_file(options.schema, "schema.json").read_text(encoding="utf-8"))
    target, problem_type = schema["target"], schema["problem_type"]
    train_csv = job.input_file(options.train, "train.csv")
    validation_csv = job.input_file(options.validation, "validation.csv")

    impute = options.model_family == "linear"
    preprocessing = features.fit(read_records(train_csv), schema["columns"], impute)
    encoder = features.Encoder(preprocessing)
    matrix, truth = read_split(train_csv, encoder, target)
    validation, validation_truth = read_split(validation_csv, encoder, target)
    classes = [] if problem_type == "regression" else sorted(set(truth))
    signature = {
        "problem_type": problem_type,
        "target": target,
        "columns": schema["columns"],
        "classes": classes,
        "model_family": options.model_family,
        "constant": constant_prediction(truth, classes),
    }
    with job.all_or_nothing(options.model_dir) as folder:
        tables = table(matrix, truth, classes), table(validation, validation_truth, classes)
        FAMILIES[options.model_family](*tables, len(classes), options, folder)
        write_artifact(folder, signature, preprocessing)
        report(folder, validation_csv, signature)


def write_artifact(folder: Path, signature: dict[str, Any], preprocessing: dict[str, Any]) -> None:
    """Put beside the model what it takes to use it: its signature, its encoding, its code."""
    (folder / "signature.json").write_text(json.dumps(signature, indent=2), encoding="utf-8")
    (folder / "preprocessing.json").write_text(json.dumps(preprocessing), encoding="utf-8")
    (folder / "code").mkdir()
    for name in SERVED:
        shutil.copy(Path(__file__).with_name(name), folder / "code" / name)


def report(folder: Path, validation_csv: Path, signature: dict[str, Any]) -> None:
    """Print a line for each validation metric, such as validation:rmse=1234.5."""
    model = inference.model_fn(str(folder))
    measured, _ = metrics.measure_file(
        validation_csv, signature, lambda rows: inference.predict_fn(rows, model)
    )
    for name, value in measured.items():
        print(f"validation:{name}={value:.6g}")


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("train"):
        train(arguments(argv))


if __name__ == "__main__":
    main()
