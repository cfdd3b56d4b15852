"""Used-car listings to try a project on: any number of rows, the same for the same seed.

Rows come in chunks that depend on the seed and their place only, so the first rows are the same
whatever the total, and ten million never sit in memory. A shift moves the distributions and the
prices, as a market does in a few years: what monitoring is there to notice. Of chosen columns, it
moves these alone.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from . import paths, sample_shift, settings
from .errors import ProjectError

TARGETS = {
    "regression": "price",
    "binary_classification": "sold_within_30_days",
    "multiclass_classification": "price_band",
}
CHUNK = 5_000  # rows that are made at once
FIRST_DAY = np.datetime64("2022-01-01")  # of listing
BANDS = {"budget": 9_000.0, "mid_range": 18_000.0, "premium": np.inf}  # upper ends, in euros

# Make, model, share of listings, price when new in euros, power in kW.
CARS = [
    ("Dacia", "Sandero", 6, 13_500, 67),
    ("Fiat", "500", 7, 17_500, 51),
    ("Fiat", "Panda", 5, 15_500, 51),
    ("Ford", "Fiesta", 9, 20_500, 74),
    ("Ford", "Focus", 8, 27_500, 92),
    ("Opel", "Corsa", 9, 20_000, 74),
    ("Renault", "Clio", 8, 20_500, 74),
    ("Skoda", "Octavia", 7, 31_000, 110),
    ("Toyota", "Yaris", 7, 22_500, 85),
    ("Toyota", "RAV4", 4, 41_000, 160),
    ("Volkswagen", "Golf", 12, 31_500, 96),
    ("Volkswagen", "Passat", 6, 41_000, 110),
    ("Audi", "A4", 5, 45_500, 120),
    ("BMW", "3 Series", 5, 49_000, 135),
    ("Volvo", "XC60", 2, 57_000, 145),
]
FUELS = {"petrol": 0.52, "diesel": 0.30, "hybrid": 0.12, "electric": 0.06}
LATER_FUELS = {"petrol": 0.34, "diesel": 0.12, "hybrid": 0.26, "electric": 0.28}
FUEL_PRICE = {"petrol": 1.0, "diesel": 1.04, "hybrid": 1.14, "electric": 1.26}
COLOURS = {"black": 0.24, "grey": 0.22, "white": 0.21, "blue": 0.14, "red": 0.11, "green": 0.08}
REGIONS = {"north": 0.24, "south": 0.31, "east": 0.17, "west": 0.28}
REGION_PRICE = {"north": 1.0, "south": 1.06, "east": 0.94, "west": 1.02}
# Unit and meaning of each column, for its data contract.
MEANINGS = {
    "listing_id": ("", "number of the listing"),
    "make": ("", "manufacturer"),
    "model": ("", "model of the manufacturer"),
    "first_registered": ("", "day of the car's first registration"),
    "listed_on": ("", "day on which the listing appeared"),
    "mileage_km": ("km", "distance driven so far"),
    "power_kw": ("kW", "power of the engine"),
    "fuel": ("", "what it runs on"),
    "gearbox": ("", "manual or automatic"),
    "colour": ("", "colour of the paint"),
    "region": ("", "part of the country in which it is sold"),
    "seller": ("", "dealer or private person"),
    "previous_owners": ("owners", "how many people owned it before"),
    "photos": ("photos", "pictures in the listing"),
    "price": ("euros", "what it sold for"),
    "sold_within_30_days": ("", "1 if it was sold in the first 30 days, else 0"),
    "price_band": ("", "budget below 9,000 euros, mid_range below 18,000, else premium"),
}
MISSING = {"colour": 0.03, "previous_owners": 0.05, "power_kw": 0.04, "mileage_km": 0.02}


def listings(
    rows: int,
    seed: int = 7,
    shift: float = 0.0,
    problem_type: str = settings.PROBLEM_TYPE,
    shifted_columns: Collection[str] = (),
    new_category: str = "",
) -> Iterator[pd.DataFrame]:
    """Chunks of listings with the target of `problem_type` in the last column.

    Args:
        rows: how many listings in all.
        seed: other seeds give other listings of the same market.
        shift: 0 for today's market, 1 for one that has changed strongly.
        problem_type: a key of TARGETS; ProjectError for any other.
        shifted_columns: only these move, by `shift`; the target among them: what cars are worth.
            Empty: the whole market.
        new_category: ``fuel=hydrogen``: every tenth listing has it.
    """
    if problem_type not in TARGETS:
        raise ProjectError(f"problem type {problem_type!r} is not one of {', '.join(TARGETS)}")
    if rows < 1 or not 0 <= shift <= 1:
        raise ProjectError(f"rows must be 1 or more and shift 0 to 1, not {rows} and {shift}")
    target = TARGETS[problem_type]
    movable = [name for name in MEANINGS if name not in ("listing_id", *TARGETS.values())]
    for name in set(shifted_columns) - {*movable, target}:
        raise ProjectError(f"no column {name!r} can be shifted; {', '.join(movable)}, {target} can")
    whole = 0.0 if shifted_columns else shift  # of the market
    worth = shift if target in shifted_columns else whole
    for start in range(0, rows, CHUNK):
        random = np.random.default_rng([seed, start // CHUNK])
        moving = np.random.default_rng([seed, start // CHUNK, 1])  # which leaves all else as it is
        chunk = _market(random, whole)
        chunk = sample_shift.moved(chunk, {*shifted_columns} - {target}, shift, moving)
        chunk.insert(0, "listing_id", np.arange(start + 1, start + CHUNK + 1))
        price = _price(chunk, random, worth)
        chunk[target] = _target(problem_type, chunk, price, random, worth)
        if new_category:
            chunk = sample_shift.with_category(chunk, new_category, moving)
        yield _forget(chunk, random, whole).head(rows - start)


def _market(random: np.random.Generator, shift: float) -> pd.DataFrame:
    """A chunk of cars as their sellers know them, nothing missing yet."""
    shares = np.array([car[2] for car in CARS], dtype=float)
    cars = random.choice(len(CARS), CHUNK, p=shares / shares.sum())
    listed = FIRST_DAY + (random.uniform(0, 900, CHUNK) + 700 * shift).astype(int)
    age_days = (365 * random.gamma(2.6, 2.2 + 0.9 * shift, CHUNK)).clip(40, 9_000).astype(int)
    yearly_km = random.lognormal(9.5 + 0.2 * shift, 0.4, CHUNK)
    fuel_shares = [FUELS[fuel] * (1 - shift) + LATER_FUELS[fuel] * shift for fuel in FUELS]
    power = np.array([car[4] for car in CARS])[cars] * random.choice([0.85, 1, 1.25], CHUNK)
    return pd.DataFrame(
        {
            "make": np.array([car[0] for car in CARS])[cars],
            "model": np.array([car[1] for car in CARS])[cars],
            "first_registered": listed - age_days,
            "listed_on": listed,
            "mileage_km": (yearly_km * age_days / 365).round(-2).clip(100, 450_000),
            "power_kw": power.round(),
            "fuel": random.choice(list(FUELS), CHUNK, p=fuel_shares),
            "gearbox": np.where(random.random(CHUNK) < 0.35 + 0.3 * shift, "automatic", "manual"),
            "colour": random.choice(list(COLOURS), CHUNK, p=list(COLOURS.values())),
            "region": random.choice(list(REGIONS), CHUNK, p=list(REGIONS.values())),
            "seller": np.where(random.random(CHUNK) < 0.6, "dealer", "private"),
            "previous_owners": 1 + random.poisson(age_days / 2_600),
            "photos": random.poisson(9, CHUNK).clip(0, 30),
        }
    )


def _price(cars: pd.DataFrame, random: np.random.Generator, shift: float) -> np.ndarray:
    """What each car sells for, in euros: worth less with age, distance and owners."""
    new = cars["model"].map({car[1]: car[3] for car in CARS}).to_numpy(float)
    power = cars["model"].map({car[1]: car[4] for car in CARS}).to_numpy(float)
    years = (cars["listed_on"] - cars["first_registered"]).dt.days.to_numpy() / 365
    worth = np.exp(-0.105 * years - 0.0000028 * cars["mileage_km"].to_numpy())
    worth *= (cars["power_kw"].to_numpy() / power) ** 0.5
    worth *= cars["fuel"].map(FUEL_PRICE).to_numpy() * cars["region"].map(REGION_PRICE).to_numpy()
    worth *= np.where(cars["gearbox"] == "automatic", 1.06, 1.0)
    worth *= np.where(cars["seller"] == "dealer", 1.05, 1.0)
    worth *= 0.97 ** (cars["previous_owners"].to_numpy() - 1) * (1 + 0.2 * shift)
    return (new * worth * random.lognormal(0, 0.08, CHUNK)).clip(400).round(-1)


def _target(
    problem_type: str,
    cars: pd.DataFrame,
    price: np.ndarray,
    random: np.random.Generator,
    shift: float,
) -> np.ndarray:
    """The target's values; price itself stays out of the other two kinds of file."""
    if problem_type == "regression":
        return price.astype(int)
    if problem_type == "multiclass_classification":
        return np.array(list(BANDS))[np.searchsorted(list(BANDS.values()), price)]
    years = (cars["listed_on"] - cars["first_registered"]).dt.days.to_numpy() / 365
    appeal = 0.6 + 0.22 * (cars["photos"].to_numpy() - 9) - 0.24 * (years - 6)
    appeal -= 0.000007 * (cars["mileage_km"].to_numpy() - 80_000)
    appeal += cars["fuel"].map({"petrol": 0.3, "diesel": -0.9, "hybrid": 0.8, "electric": 0.2})
    appeal += np.where(cars["seller"] == "dealer", 0.5, -0.5)
    appeal += np.where(cars["listed_on"].dt.month.isin([3, 4, 5, 9]), 0.9, -0.4) - 0.8 * shift
    return (random.logistic(0, 1, CHUNK) < appeal.to_numpy()).astype(int)


def _forget(cars: pd.DataFrame, random: np.random.Generator, shift: float) -> pd.DataFrame:
    """Leave out what sellers do not fill in; more of it when the market has shifted."""
    for column, share in MISSING.items():
        whole = cars[column] if column == "colour" else cars[column].astype("Int64")
        cars[column] = whole.mask(random.random(CHUNK) < share * (1 + 3 * shift))
    return cars


def write_sample(
    path: Path,
    rows: int = 4_000,
    seed: int = 7,
    shift: float = 0.0,
    problem_type: str = settings.PROBLEM_TYPE,
    shifted_columns: Collection[str] = (),
    new_category: str = "",
) -> Path:
    """Write listings to a CSV file, in one piece or not at all; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")  # runs side by side may both write it
    made = listings(rows, seed, shift, problem_type, shifted_columns, new_category)
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            for number, chunk in enumerate(made):
                chunk.to_csv(file, index=False, header=number == 0, lineterminator="\n")
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sample_file(
    rows: int = 4_000,
    seed: int = 7,
    shift: float = 0.0,
    problem_type: str = settings.PROBLEM_TYPE,
    shifted_columns: Collection[str] = (),
    new_category: str = "",
) -> Path:
    """The CSV file in data/ with these listings, written on first use."""
    words = [f"used_cars-{problem_type}-{rows}-seed{seed}-shift{shift:g}"]
    words += [*sorted(shifted_columns), new_category]
    path = paths.DATA / f"{'-'.join(filter(None, words))}.csv"
    options = (rows, seed, shift, problem_type, shifted_columns, new_category)
    return path if path.exists() else write_sample(path, *options)
