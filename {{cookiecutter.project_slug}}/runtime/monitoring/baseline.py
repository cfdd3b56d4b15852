"""The baseline of a model version: what its data was like, and how good it was on the test rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tabular import job, metrics
from tabular.artifact import Artifact
from tabular.predictions import Predictions, by_column
from tabular.records import Record, Split
from tabular.scoring import score
from tabular.values import DataError

from . import constraints, dependence, distributions, edits, model_quality, statistics
from .columns import ColumnCounters, ColumnReader
from .dependence import Bins, Profile, ProfileCounter
from .distributions import Categories, Distribution, Numbers
from .estimated_quality import Calibration

PREDICTION = "prediction"
PROFILES = "predictions_by_column"  # how predictions move with each column, in statistics.json


def write(folder: Path, train: Split, test: Split, model: Artifact) -> list[str]:
    """Write data/ and quality/, each with statistics.json and constraints.json.

    The data's distributions come from the training rows; those of the predictions, how these move
    with the columns, and the metrics from the test rows.

    Returns:
        Sentences about what was written.
    """
    signature = model.signature
    reader = ColumnReader(signature["columns"])
    counters = ColumnCounters(reader.readings)
    for batch in train.batches():
        counters.add(reader.read(batch), len(batch))
    columns = counters.distributions()
    profiled = ProfileCounter({name: Bins.of(column) for name, column in columns.items()})

    def predict(records: Sequence[Record]) -> Predictions:
        found = by_column(model.predict(records))
        profiled.add({name: each.known for name, each in reader.read(records).items()}, found)
        return found

    scored = score(test, signature, predict)
    kind, truth, answers = signature["problem_type"], np.asarray(scored.truth), scored.answers
    measure = partial(metrics.measure, kind, signature["classes"])
    bounds = model_quality.suggested(truth, answers, measure)
    data = statistics.document(columns, counters.rows)
    data["predictions"] = distributions.document(of_predictions(answers))
    data[PROFILES] = dependence.document(profiled.profiles())
    quality = model_quality.statistics(kind, len(truth), bounds)
    if answers.probabilities is not None:
        known = Calibration.of(confidence(answers), answers.values == truth)
        quality["calibration"] = {
            "confidence": known.confidence.tolist(),
            "right": known.right.tolist(),
        }
    for name, said, kept in (
        ("data", data, constraints.suggested(columns)),
        ("quality", quality, model_quality.document(kind, bounds)),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        said[edits.SUGGESTED] = edits.digest(kept)
        job.write_json(folder / name / "statistics.json", said)
        job.write_json(folder / name / "constraints.json", kept)
    return [
        f"{len(columns)} columns of {counters.rows:,} training rows",
        f"{len(bounds)} metrics of {len(truth):,} test rows",
    ]


def of_predictions(answers: Predictions) -> Distribution:
    """The distribution of what a model said."""
    if answers.probabilities is None:
        return Numbers.of(np.asarray(answers.values, dtype=float))
    return Categories.of(map(str, answers.values.tolist()))


def confidence(answers: Predictions) -> np.ndarray:
    """The probability of each row's own label."""
    return answers.probability_of(np.asarray(answers.values))


def calibration(quality: Mapping[str, Any]) -> Calibration | None:
    """How sure answers were right, from the statistics of model quality."""
    found = quality.get("calibration")
    if not found:
        return None
    return Calibration(np.array(found["confidence"]), np.array(found["right"]))


@dataclass(frozen=True)
class Data:
    """What statistics say of some rows.

    Attributes:
        columns: their distributions, and that of `prediction`.
        profiles: how predictions move with the columns.
    """

    columns: dict[str, Distribution]
    profiles: dict[str, Profile]


def data(found: Mapping[str, Any]) -> Data:
    """The data of a baseline's or a window's statistics."""
    columns = statistics.columns(found)
    if "predictions" in found:  # of other rows than the columns
        columns[PREDICTION] = distributions.read(found["predictions"])
    return Data(columns, dependence.profiles(found.get(PROFILES, {})))


def read(folder: Path, name: str) -> dict[str, Any]:
    """A file of a baseline, such as data/statistics.json."""
    path = folder / name
    if not path.is_file():
        raise DataError(
            f"{folder} has no {name}; the baseline of a model version is written when it is trained"
        )
    try:
        found = job.read_json(path.parent, path.name)
    except ValueError as error:
        raise DataError(f"{name} of the baseline cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{name} of the baseline holds no object")
    return found
