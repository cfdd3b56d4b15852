"""Which columns a model uses: what shuffling one costs, and how each moves a prediction (SHAP).

Both are given by raw column or derived feature: the numbers that one is encoded as belong together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import job, metrics
from .artifact import Artifact, opened
from .values import DataError

PERMUTED_ROWS, EXPLAINED_ROWS = 1_000, 200  # enough to order columns, in some 50 ms
PERMUTED_COLUMNS = 50  # those that move predictions most; nobody reads on
SEED = 7


def by_column(
    artifact: Artifact, records: Sequence[Mapping[str, str]], primary: str
) -> dict[str, Any]:
    """Permutation importance and mean absolute contribution of each column, largest first.

    Args:
        artifact: the model.
        records: raw rows with their target, drawn from those that it was not trained on.
        primary: the metric that shuffling worsens; a column is worth by how much.
    """
    with artifact.code.in_place():  # it loads what it needs for many records
        matrix = artifact.model.encoder.matrix(records)
    values, _ = contributions(artifact, matrix[:EXPLAINED_ROWS])
    mean = np.abs(values).mean(axis=(0, 1))
    moved = ordered(dict(zip(blocks(artifact), mean.tolist(), strict=True)))
    permuted = permutation(artifact, matrix, records, primary, list(moved)[:PERMUTED_COLUMNS])
    return {
        "metric": primary,
        "rows": len(records),
        "permutation": ordered(permuted),
        "shap": moved,
    }


def ordered(values: Mapping[str, float]) -> dict[str, float]:
    """Values from largest to smallest, with the digits that count."""
    return {
        name: float(f"{value:.6g}")
        for name, value in sorted(values.items(), key=lambda pair: -pair[1])
    }


def permutation(
    artifact: Artifact,
    matrix: np.ndarray,
    records: Sequence[Mapping[str, str]],
    primary: str,
    columns: Sequence[str],
) -> dict[str, float]:
    """By how much the primary metric worsens when one column's values change rows.

    Few rows are used several times over, because one shuffle of few rows says little.
    """
    kind, classes = artifact.signature["problem_type"], artifact.signature["classes"]
    times = max(1, PERMUTED_ROWS // len(records))
    matrix = np.tile(matrix, (times, 1))
    truth = [record[artifact.signature["target"]] for record in records] * times
    sign = -1 if primary in metrics.MINIMIZED else 1
    order = np.random.default_rng(SEED).permutation(len(matrix))

    def measured(numbers: np.ndarray) -> float:
        scores = artifact.model.score(numbers)
        predictions = artifact.inference.answers(scores, artifact.model)
        return metrics.measure(kind, classes, truth, predictions)[primary]

    with np.errstate(divide="ignore", invalid="ignore"):
        best = measured(matrix)
    if not np.isfinite(best):
        return {}  # the class is so rare that no drawn row has it
    lost = {}
    for name, block in blocks(artifact).items():
        if name in columns:
            shuffled = matrix.copy()
            shuffled[:, block] = matrix[order, block]
            lost[name] = sign * (best - measured(shuffled))
    return lost


def explain_record(model_dir: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Why a model predicts what it does for one raw record, the strongest reason first.

    Returns:
        "prediction", "base" (the output without knowing the record) and "contributions": for each
        column its value and how far it moves the output; of several classes, the predicted one's.
    """
    with opened("model", Path(model_dir)) as artifact:
        if artifact is None:
            raise DataError(f"{model_dir} holds no model; give the folder of an artifact")
        [prediction] = artifact.predict([record])
        values, base = contributions(artifact, artifact.model.encoder.matrix([record]))
        classes = artifact.model.classes
        output = classes.index(prediction["prediction"]) if values.shape[1] > 1 else 0
        names, complete = list(blocks(artifact)), artifact.model.encoder.complete(record)
    reasons = [
        {"column": name, "value": complete[name], "contribution": float(value)}
        for name, value in zip(names, values[0, output], strict=True)
    ]
    reasons.sort(key=lambda reason: -abs(reason["contribution"]))
    return {**prediction, "base": float(base[0, output]), "contributions": reasons}


def blocks(artifact: Artifact) -> dict[str, slice]:
    """Which of the numbers belong to each column, or derived feature, that a model sees."""
    preprocessing = job.read_json(artifact.folder, "preprocessing.json")
    encoder, found, start = type(artifact.model.encoder), {}, 0
    for column in preprocessing["columns"]:
        end = start + len(encoder({**preprocessing, "columns": [column]}).names)
        found[column["name"]] = slice(start, end)
        start = end
    return found


def contributions(artifact: Artifact, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How each column moves each output, and where the outputs start from.

    Outputs are a number, the log-odds of the second class, or a score for each class. Returns
    arrays of shape (rows, outputs, columns) and (rows, outputs); their sum is the output.
    """
    explain = getattr(artifact.model, "explain", None)
    if explain is None:
        raise DataError(f"the {artifact.who} is of a time before models explained themselves")
    each, base = explain()(matrix)
    starts = [block.start for block in blocks(artifact).values()]
    return np.add.reduceat(each, starts, axis=-1), base
