"""What is in the data, what it says about the target, which features are worth having, and what
later data must look like."""

# Written by `make export` from the cells named below; `make adopt` puts an edit back.

# %% ../../notebooks/01_explore.ipynb #export-imports
from collections.abc import Mapping, Sequence
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


# %% ../../notebooks/01_explore.ipynb #key-columns
def key_columns(raw: pd.DataFrame, ignored: Mapping[str, str]) -> list[str]:
    """The first ignored column that tells all rows apart and is short, as identifiers are."""
    for name in ignored:
        texts = raw[name]
        if texts.is_unique and texts.notna().all() and texts.str.fullmatch(r"[\w-]{1,40}").all():
            return [str(name)]
    return []


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


# %% ../../notebooks/01_explore.ipynb #rounded
def rounded(value: float, up: bool) -> float:
    """A number with three digits, not below (`up`) or not above the given one."""
    if value == 0:
        return 0
    digits = 2 - int(np.floor(np.log10(abs(value))))
    scaled = round(value * 10.0**digits, 9)  # without the dust of binary fractions
    whole = int(np.ceil(scaled) if up else np.floor(scaled))
    return whole * 10**-digits if digits <= 0 else whole / 10**digits


# %% ../../notebooks/01_explore.ipynb #bounds
def bounds(numbers: pd.Series) -> tuple[float, float]:
    """A tenth more than was seen; what was never negative, or never zero, does not become so."""
    low, high = float(numbers.min()), float(numbers.max())
    margin = (high - low) / 10
    least = max(low - margin, low / 2) if low > 0 else low - margin * (low < 0)
    most = min(high + margin, high / 2) if high < 0 else high + margin * (high > 0)
    return rounded(least, up=False), rounded(most, up=True)


# %% ../../notebooks/01_explore.ipynb #number-facts
def number_facts(values: pd.Series) -> dict[str, Any]:
    """Type, range and usual range of a column of numbers, given as texts."""
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    few, most = numbers.quantile([0.01, 0.99])
    (low, high), usual = bounds(numbers), (rounded(few, up=False), rounded(most, up=True))
    if (numbers % 1 != 0).any():
        return {"type": "number", "range": [low, high], "usual": list(usual)}
    low = max(1, int(low // 1)) if low > 0 else int(low // 1)
    whole = [int(usual[0] // 1), int(-(-usual[1] // 1))]
    return {"type": "integer", "range": [low, int(-(-high // 1))], "usual": whole}


# %% ../../notebooks/01_explore.ipynb #date-facts
def date_facts(values: pd.Series) -> dict[str, Any]:
    """Type and range of a column of ISO days: until today, where no day is still to come."""
    days = values.dropna().str[:10]
    first, last = days.min(), days.max()
    end = "today" if last <= f"{pd.Timestamp.now():%Y-%m-%d}" else f"{int(last[:4]) + 1}-12-31"
    return {"type": "date", "range": [f"{int(first[:4]) - 1}-01-01", end]}


# %% ../../notebooks/01_explore.ipynb #column-entry
def column_entry(values: pd.Series, role: str, numeric: bool, most: int = 100) -> dict[str, Any]:
    """What a contract says of one column, from its texts."""
    if role == "date":
        facts = date_facts(values)
    elif numeric:
        facts = number_facts(values)
    else:
        kinds = sorted(values.dropna().unique())
        facts = {"type": "text", **({"categories": kinds} if len(kinds) <= most else {})}
    missing = values.isna().mean()
    allowed = min(1.0, max(0.05, float(np.ceil(200 * missing) / 100))) if missing else 0.0
    return {"role": role, **facts, "missing_at_most": allowed}


# %% ../../notebooks/01_explore.ipynb #propose
def propose(
    raw: pd.DataFrame, roles: Mapping[str, str], ignored: Mapping[str, str], **facts: Any
) -> dict[str, Any]:
    """A contract for tables like `raw` (texts), the target among the roles as "target"."""
    regression = facts["problem_type"] == "regression"
    columns: dict[str, dict[str, Any]] = {}
    for name in map(str, raw.columns):
        role = roles.get(name, "drop")
        if role == "drop":
            columns[name] = {"role": role, "type": "text", "reason": ignored[name]}
        else:
            numeric = role == "numeric" or (role == "target" and regression)
            columns[name] = column_entry(raw[name], role, numeric)
    return {**facts, "columns": columns}


# %% ../../notebooks/01_explore.ipynb #described
def described(
    columns: Mapping[str, Any], meanings: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """The same columns with unit and description, where they are known."""
    named = {}
    for name, entry in columns.items():
        unit, description = meanings.get(name, ("", ""))
        words = {"unit": unit, "description": description}
        known = {key: word for key, word in words.items() if word}
        named[name] = {key: entry[key] for key in ("role", "type")} | known | entry
    return named
