"""What is in the data, what it says about the target, which features are worth having, and what
later data must look like."""

# Written by `make export` from the cells named below; `make adopt` puts an edit back.

# %% ../../notebooks/01_explore.ipynb #export-imports
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd


# %% ../../notebooks/01_explore.ipynb #repeated
def repeated(raw: pd.DataFrame, target: str, identifiers: Sequence[str] = ()) -> dict[str, int]:
    """How many rows are there before, identifiers aside: in whole, or with another target."""
    content = raw.drop(columns=list(identifiers))
    whole = content.duplicated()
    inputs = content[~whole].drop(columns=target).duplicated()
    return {"repeated rows": int(whole.sum()), "with another target": int(inputs.sum())}


# %% ../../notebooks/01_explore.ipynb #grouped
def grouped(values: pd.Series, most: int = 30) -> np.ndarray:
    """The number of each row's group: its tenth, or its category; 0 where it is missing."""
    if values.nunique() > most and not pd.api.types.is_object_dtype(values):
        ranks = values.rank()
        edges = np.unique(ranks.quantile(np.arange(0.1, 1, 0.1)))
        return np.where(ranks.isna(), 0, np.searchsorted(edges, ranks) + 1)
    order = {value: place for place, value in enumerate(values.value_counts().index)}
    return values.map(order).clip(upper=most).fillna(-1).to_numpy(int) + 1


# %% ../../notebooks/01_explore.ipynb #explained
def explained(values: pd.Series, target: pd.Series) -> float:
    """The share of a target's variance between groups of `values`, classes taken together."""
    labels = pd.api.types.is_object_dtype(target)
    truth = (pd.get_dummies(target) if labels else target.to_frame()).to_numpy(float)
    truth = truth / max(1.0, np.abs(truth).max(initial=0))  # squares of huge numbers are no numbers
    groups = grouped(values)
    sizes = np.bincount(groups)
    sums = np.stack([np.bincount(groups, weights=column) for column in truth.T])
    between = (sums[:, sizes > 0] ** 2 / sizes[sizes > 0]).sum()
    total = ((truth - truth.mean(axis=0)) ** 2).sum()
    within = (truth**2).sum() - between
    degrees = max(1, len(truth) - (sizes > 0).sum()) / max(1, len(truth) - 1)
    return float(max(0.0, 1 - within / total / degrees)) if total else 0.0


# %% ../../notebooks/01_explore.ipynb #missing-values
def missing_values(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Columns with missing values: their share, and what missing alone explains of the target."""
    lines = {
        name: {
            "missing": frame[name].isna().mean(),
            "explains": explained(frame[name].isna().astype(str), frame[target]),
        }
        for name in frame.columns
        if frame[name].isna().any()
    }
    table = pd.DataFrame(lines, index=["missing", "explains"]).T
    return table.sort_values("missing", ascending=False)


# %% ../../notebooks/01_explore.ipynb #coverage
def coverage(dates: pd.Series) -> dict[str, Any]:
    """First and last day, rows in the leanest and the fullest month, longest gap in days."""
    days = dates.dropna().dt.normalize()
    months = days.dt.to_period("M").value_counts()
    every = pd.period_range(months.index.min(), months.index.max())
    gaps = np.diff(np.sort(days.to_numpy("datetime64[D]"))).astype(int)
    return {
        "first": f"{days.min():%Y-%m-%d}",
        "last": f"{days.max():%Y-%m-%d}",
        "fewest rows a month": int(months.reindex(every, fill_value=0).min()),
        "most rows a month": int(months.max()),
        "longest gap": int(gaps.max(initial=0)),
    }


# %% ../../notebooks/01_explore.ipynb #leaks
def leaks(relation: pd.Series, missing: pd.DataFrame, target: str) -> dict[str, str]:
    """Columns that may know the target, with the reason for the suspicion."""
    found = {
        str(name): f"it alone explains {share:.0%} of the target"
        for name, share in relation.items()
        if share > 0.9
    }
    for name, share in missing["explains"].items():
        if share > 0.2 and name != target:
            found[str(name)] = f"whether it is missing explains {share:.0%} of the target"
    for name in relation.index:
        if len(target) > 3 and target.lower() in str(name).lower():
            found.setdefault(str(name), "it is named after the target")
    return found


# %% ../../notebooks/01_explore.ipynb #measure-cell
def measured(idea: str, family: str, gain: np.ndarray) -> dict[str, Any]:
    """A line of the table of ideas, with the verdict on the gains over the folds."""
    mean, error = gain.mean(), gain.std(ddof=1) / len(gain) ** 0.5
    verdict = "kept" if mean >= 0.01 and mean > 2 * error else "dropped"
    return {"idea": idea, "family": family, "gain": mean, "error": error, "verdict": verdict}
