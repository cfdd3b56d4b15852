"""What a threshold on a score does: ROC and precision-recall curves, calibration, the best choice.

`actual` marks the positive rows, `score` is the predicted probability of being one; both have one
entry for each row. A curve is a mapping of equally long lists, at most POINTS long.
"""

import numpy as np

from .families import Score, Table

POINTS = 101
BINS = 10

Curve = dict[str, list[float]]


def at_thresholds(actual: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each distinct score, falling, with the positives and the rows that have it or a higher one.

    Scores are as float64: float32 ones would be compared with a threshold that is rounded.
    """
    values, place, counts = np.unique(
        -np.asarray(score, dtype=float), return_inverse=True, return_counts=True
    )
    found = np.bincount(place, weights=actual, minlength=len(values))
    return -values, np.cumsum(found), np.cumsum(counts)


def roc(actual: np.ndarray, score: np.ndarray) -> Curve:
    """True and false positive rates, both from 0 to 1."""
    _, found, flagged = at_thresholds(actual, score)
    true_rate = np.concatenate([[0.0], found / max(found[-1], 1)])
    false_rate = np.concatenate([[0.0], (flagged - found) / max(flagged[-1] - found[-1], 1)])
    shown = _evenly(true_rate + false_rate)
    return {
        "false_positive_rate": rounded(false_rate[shown]),
        "true_positive_rate": rounded(true_rate[shown]),
    }


def precision_recall(actual: np.ndarray, score: np.ndarray) -> Curve:
    """Precision and recall of flagging the rows at or above each threshold; recall grows."""
    thresholds, found, flagged = at_thresholds(actual, score)
    recall = found / max(found[-1], 1)
    shown = _evenly(recall)
    return {
        "threshold": rounded(thresholds[shown]),
        "precision": rounded(found[shown] / flagged[shown]),
        "recall": rounded(recall[shown]),
    }


def best_threshold(actual: np.ndarray, score: np.ndarray) -> float:
    """The probability above which to say yes for the best F1, half-way between two scores."""
    thresholds, found, flagged = at_thresholds(actual, score)
    best = int(np.argmax(2 * found / (flagged + found[-1])))
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float((thresholds[best] + below) / 2)


def chosen_threshold(score: Score, validation: Table) -> float:
    """The best one on validation rows, for these scores of their numbers; said in the log."""
    scores = [score(np.column_stack(batch.numbers)) for batch in validation.batches()]
    chosen = best_threshold(validation.target == 1, np.concatenate(scores))
    print(f"threshold: {chosen:.6g}, for the best F1 on validation")
    return chosen


def calibration(actual: np.ndarray, score: np.ndarray) -> Curve:
    """Mean predicted probability and observed share of positives, in bins of equal rows."""
    edges = np.percentile(score, np.linspace(0, 100, BINS + 1))
    places = np.searchsorted(edges[1:-1], score)
    rows = np.bincount(places, minlength=BINS)
    filled = rows > 0
    means = (np.bincount(places, weights=each, minlength=BINS) for each in (score, actual))
    predicted, observed = (total[filled] / rows[filled] for total in means)
    return {
        "rows": rows[filled].tolist(),
        "predicted": rounded(predicted),
        "observed": rounded(observed),
    }


def _evenly(progress: np.ndarray) -> np.ndarray:
    """Where to look at a curve, at most POINTS places evenly spread over its rising `progress`."""
    if len(progress) <= POINTS:
        return np.arange(len(progress))
    steps = np.linspace(progress[0], progress[-1], POINTS)
    places = np.searchsorted(progress, steps).clip(max=len(progress) - 1)
    places[-1] = len(progress) - 1
    return np.unique(places)


def rounded(values: np.ndarray) -> list[float]:
    """Numbers as JSON writes them, with six digits that count."""
    return [float(f"{value:.6g}") for value in np.asarray(values, dtype=float)]
