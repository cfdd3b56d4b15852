"""Fit the encoding and a model on the training split, and write the artifact as plain data."""

import os
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import features
import inference
from models import FAMILIES, HYPERPARAMETERS, MAY_BE_ZERO
from tabular import artifact, curves, job, objectives
from tabular.families import Table
from tabular.records import Split
from tabular.scoring import score_file
from tabular.training_data import EncodedSplit, constant_prediction
from tabular.values import DataError


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Parse hyperparameters and folders; SageMaker gives the folders as SM_* variables."""
    parser = job.Arguments("train", description=__doc__)
    add = parser.add_argument
    add("--model_family", "--model-family", default="xgboost", choices=tuple(FAMILIES))
    for name, (default, meaning) in HYPERPARAMETERS.items():
        names = dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"])
        add(*names, type=type(default), default=default, help=meaning)
    add("--threshold", type=threshold, default=0.5, help="of two classes, say yes above it; auto")
    for channel in ("train", "validation", "schema", "test"):
        folder = os.environ.get(f"SM_CHANNEL_{channel.upper()}")
        required = not folder and channel != "test"
        add(f"--{channel}", type=Path, default=folder, required=required, help="channel's folder")
    model_dir = os.environ.get("SM_MODEL_DIR")
    add("--model-dir", "--model_dir", type=Path, default=model_dir, required=not model_dir)
    options = parser.parse_args(argv)
    for name in HYPERPARAMETERS:
        if name not in MAY_BE_ZERO and not getattr(options, name) > 0:
            raise DataError(f"`{name}` must be above 0, not {getattr(options, name)}")
    return options


def threshold(word: str) -> float | None:
    """A probability between 0 and 1; None for "auto": the validation split decides."""
    if word == "auto":
        return None
    if not 0 < (value := float(word)) < 1:
        raise ArgumentTypeError(f"{word} is neither auto nor above 0 and below 1")
    return value


def train(options: Namespace) -> None:
    """Fit, write the artifact, and score the validation split by the artifact's predictions."""
    schema = job.read_json(options.schema, "schema.json")
    target, problem_type = schema["target"], schema["problem_type"]
    train_csv = job.input_file(options.train, "train.csv")
    validation_csv = job.input_file(options.validation, "validation.csv")

    family = FAMILIES[options.model_family]
    preprocessing = features.fit(Split(train_csv), schema["columns"], family.impute)
    encoder = features.Encoder(preprocessing)
    rows = EncodedSplit(Split(train_csv), encoder, schema)
    held_out = EncodedSplit(Split(validation_csv), encoder, schema)
    classes = [] if problem_type == "regression" else np.unique(rows.truth).tolist()
    signature = {
        "problem_type": problem_type,
        "target": target,
        "columns": schema["columns"],
        "classes": classes,
        "model_family": options.model_family,
        "constant": constant_prediction(rows.truth, classes),
        **({"derived": list(features.DERIVED)} if features.DERIVED else {}),
        **({"contract": schema["contract"]} if "contract" in schema else {}),
    }
    with job.all_or_nothing(options.model_dir) as folder:
        tables = rows.table(classes), held_out.table(classes)
        family.fit(*tables, len(classes), options, folder)
        artifact.write(folder, signature, preprocessing, scripts=Path(__file__).parent)
        if len(classes) == 2:
            signature["threshold"] = chosen_threshold(folder, tables[1], options.threshold)
            job.write_json(folder / "signature.json", signature)
        measured = report("validation", validation_csv, folder, signature)["metrics"]
        print(objectives.log_line(problem_type, measured))
        if options.test:
            test_csv = job.input_file(options.test, "test.csv")
            measured = report("test", test_csv, folder, signature)
            job.write_json(folder / "fold_metrics.json", measured)


def chosen_threshold(folder: Path, validation: Table, asked: float | None) -> float:
    """The threshold as asked, or else the one with the best F1 on validation; never on test."""
    if asked is not None:
        return asked
    score = inference.model_fn(str(folder)).score
    scores = [score(np.column_stack(batch.numbers)) for batch in validation.batches()]
    chosen = curves.best_threshold(validation.target == 1, np.concatenate(scores))
    print(f"threshold: {chosen:.6g}, for the best F1 on validation")
    return chosen


def report(split: str, path: Path, folder: Path, signature: dict[str, Any]) -> dict[str, Any]:
    """Score a split by the artifact's predictions; print lines such as validation:rmse=1234.5."""
    model = inference.model_fn(str(folder))
    scored = score_file(path, signature, lambda rows: inference.predict(rows, model))
    measured = scored.measured()
    for name, value in measured.items():
        print(f"{split}:{name}={value:.6g}")
    return {"rows": len(scored.truth), "metrics": measured}


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("train"):
        train(arguments(argv))


if __name__ == "__main__":
    main()
