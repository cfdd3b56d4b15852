"""How predictions move with a column, and which rows lie where it drifted."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring import dependence, triage
from monitoring.baseline import PREDICTION
from monitoring.consolidation import FILE
from monitoring.dependence import Bins, Profile, ProfileCounter
from monitoring.distributions import Categories, Distribution, Numbers
from monitoring.shape import Shape
from tabular.predictions import Predictions

AGES = np.concatenate([np.arange(100.0), [np.nan] * 5])
FUELS = pa.array(["gas", "oil", None, "oil", "sun"] * 21).dictionary_encode()
PRICES = np.where(np.isnan(AGES), 7.0, 2 * AGES)
COLUMNS: dict[str, Distribution] = {
    "age": Numbers.of(AGES),
    "fuel": Categories.of(FUELS.to_pylist()),
}


def profiles(answers: Predictions, batches: int = 1) -> dict[str, Profile]:
    counter = ProfileCounter({name: Bins.of(each, 4) for name, each in COLUMNS.items()})
    for rows in np.array_split(np.arange(len(answers)), batches):
        values = {"age": AGES[rows], "fuel": FUELS.take(pa.array(rows))}
        counter.add(values, answers.take(rows))
    return counter.profiles()


@pytest.mark.parametrize("batches", [1, 7])
def test_means_are_those_of_the_rows_in_each_bin(batches: int) -> None:
    found = profiles(Predictions(PRICES), batches)
    age, fuel = found["age"], found["fuel"]
    edges = age.bins.edges
    for place in range(4):
        inside = (np.searchsorted(edges, AGES) == place) & ~np.isnan(AGES)
        assert age.rows[place] == inside.sum()
        assert age.means[""][place] == pytest.approx(PRICES[inside].mean())
        assert age.centres[place] == pytest.approx(AGES[inside].mean())
    assert (age.rows[-1], age.means[""][-1]) == (5, 7.0)
    oil = np.array([each == "oil" for each in FUELS.to_pylist()])
    place = list(fuel.bins.categories).index("oil")
    assert fuel.means[""][place] == pytest.approx(PRICES[oil].mean())
    error = PRICES[oil].std() / np.sqrt(oil.sum())
    assert fuel.errors[""][place] == pytest.approx(error)


def test_shares_of_classes_add_up_and_are_read_as_written() -> None:
    labels = np.where(AGES > 50, "old", "new")
    said = Predictions(labels, np.full((len(labels), 2), 0.5), ["new", "old"])
    found = profiles(said)
    again = dependence.profiles(dependence.document(found))
    for name, each in again.items():
        np.testing.assert_array_equal(each.rows, found[name].rows)
        known = each.rows > 0
        total = each.means["new"] + each.means["old"]
        assert total[known] == pytest.approx(1.0)
    assert again["age"].means["old"][0] == 0
    assert list(again["fuel"].bins.categories) == list(found["fuel"].bins.categories)


def test_rows_are_marked_where_their_values_are_more_frequent_now(tmp_path: Path) -> None:
    """A third of the window is shifted; a value that is rare by chance is no region."""
    draw, shape = np.random.default_rng(1), Shape(["age", "fuel"], [])
    ages, fuels = draw.normal(size=900), np.array(["gas", "oil"] * 450, dtype=object)
    shifted = np.arange(900) % 3 == 0
    ages[shifted] += 3
    fuels[7] = "sun"
    pq.write_table(
        pa.table(
            {
                "id": [f"e{place}" for place in range(900)],
                "time": pa.nulls(900, pa.timestamp("s", "UTC")),
                "prediction": pa.array(np.where(np.arange(900) == 5, None, 1.5 * shifted)),
                "in:age": [str(each) for each in ages],
                "in:fuel": fuels.tolist(),
            },
            shape.schema(),
        ),
        tmp_path / FILE,
    )
    then: dict[str, Distribution] = {
        "age": Numbers.of(draw.normal(size=3_000)),
        "fuel": Categories({"gas": 1_500, "oil": 1_500}),
        PREDICTION: Numbers.of(np.zeros(500)),
    }
    now: dict[str, Distribution] = {
        "age": Numbers.of(ages),
        "fuel": Categories.of(fuels),
        PREDICTION: Numbers.of(1.5 * shifted),
    }
    columns = [{"name": "age", "role": "numeric"}, {"name": "fuel", "role": "categorical"}]
    signature = {"columns": columns, "classes": []}
    named = ["age", "fuel", PREDICTION]
    triage.write(tmp_path, tmp_path, signature, named, then, now)
    found = pq.read_table(tmp_path / triage.FILE).to_pydict()
    marked = np.array(["age" in each for each in found["drifted_in"]])
    assert marked[shifted].mean() > 0.8 > 0.05 > marked[~shifted].mean()
    assert not any("fuel" in each for each in found["drifted_in"])
    assert ["prediction" in each for each in found["drifted_in"]][:6] == [True, *[False] * 2] * 2
    scores = np.array(found["drift_score"])
    assert scores[shifted].min() > scores[~shifted].mean()
    assert found["in:fuel"][7] == "sun" and found["prediction"][5] is None
