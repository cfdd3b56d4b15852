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
from tabular import artifact, curves, job, objectives, scoring
from tabular.hosts import Hosts, together
from tabular.records import Split
from tabular.split_files import open_split
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
    schema, hosts = job.read_json(options.schema, "schema.json"), Hosts.of_training()
    target, problem_type = schema["target"], schema["problem_type"]
    split, held_out = (open_split(getattr(options, n), n) for n in ("train", "validation"))
    family = FAMILIES[options.model_family]
    if hosts.are_several and not family.several_hosts:
        raise DataError(f"models of the family {options.model_family} are trained on one host")
    preprocessing = features.fit(split, schema["columns"], family.impute)
    encoder = features.Encoder(preprocessing)
    with job.all_or_nothing(options.model_dir) as folder:
        with together(hosts):
            shares = (each.shared(hosts.share) for each in (split, held_out))
            own = [EncodedSplit(each, encoder, schema) for each in shares]
            truth = np.concatenate(hosts.gather(own[0].truth))
            classes = [] if problem_type == "regression" else np.unique(truth).tolist()
            tables = [each.table(classes) for each in own]
            family.fit(tables[0], tables[1], len(classes), options, folder)
        if not hosts.is_first:  # the first host writes the artifact
            job.leave_nothing(folder)
            return
        signature = {
            "problem_type": problem_type,
            "target": target,
            "columns": schema["columns"],
            "classes": classes,
            "model_family": options.model_family,
            "constant": constant_prediction(truth, classes),
            **({"derived": list(features.DERIVED)} if features.DERIVED else {}),
            **({"contract": schema["contract"]} if "contract" in schema else {}),
        }
        artifact.write(folder, signature, preprocessing, scripts=Path(__file__).parent)
        if len(classes) == 2:
            if hosts.are_several and options.threshold is None:
                tables[1] = EncodedSplit(held_out, encoder, schema).table(classes)
            score = inference.model_fn(str(folder)).score
            asked = options.threshold or curves.chosen_threshold(score, tables[1])
            job.write_json(folder / "signature.json", signature | {"threshold": asked})
        measured = report("validation", held_out, folder)["metrics"]
        print(objectives.log_line(problem_type, measured))
        if options.test:
            measured = report("test", open_split(options.test, "test"), folder)
            job.write_json(folder / "fold_metrics.json", measured)


def report(name: str, split: Split, folder: Path) -> dict[str, Any]:
    """Score a split by the artifact's predictions; print lines such as validation:rmse=1234.5."""
    model, signature = inference.model_fn(str(folder)), job.read_json(folder, "signature.json")
    scored = scoring.score(split, signature, lambda rows: inference.predict(rows, model))
    measured = scored.measured()
    for metric, value in measured.items():
        print(f"{name}:{metric}={value:.6g}")
    return {"rows": len(scored.truth), "metrics": measured}


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("train"):
        train(arguments(argv))


if __name__ == "__main__":
    main()
