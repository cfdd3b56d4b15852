"""Columns as points: exact while few, and near enough where they are shortened."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring import distributions, statistics
from monitoring.distributions import Categories, NumberCounter, Numbers

finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.lists(finite, max_size=20), max_size=5))
def test_batches_give_what_the_whole_gives(batches: list[list[float]]) -> None:
    counter = NumberCounter()
    for batch in batches:
        counter.add(np.array(batch))
    values = [each for batch in batches for each in batch]
    found, whole = counter.distribution(), Numbers.of(np.array(values))
    assert found.values.tolist() == whole.values.tolist()
    assert found.weights.tolist() == whole.weights.tolist()


def test_memory_does_not_grow_with_rows_and_shares_stay() -> None:
    draw, counter = np.random.default_rng(1), NumberCounter()
    for _ in range(30):
        counter.add(draw.normal(size=20_000))
    found = counter.distribution()
    assert len(found.values) <= 10 * distributions.POINTS
    assert found.known == 600_000
    below = found.weights[found.values < 1].sum() / found.known
    assert abs(below - 0.8413) < 0.002


def test_a_shortened_column_keeps_its_rows_and_its_missing_values() -> None:
    values = np.concatenate([np.zeros(3_000), np.arange(5_000.0), [np.nan] * 7])
    short = Numbers.of(values).shortened()
    assert len(short.values) <= distributions.POINTS
    assert short.known == 8_000 and short.missing == 7
    assert abs(short.weights[short.values == 0].sum() / 8_000 - 3_001 / 8_000) < 1 / 1_000


def test_what_is_written_is_read_again() -> None:
    columns = {
        "price": Numbers.of(np.array([1.0, 2.5, 2.5, np.nan])),
        "fuel": Categories.of(["petrol", None, "diesel", "petrol"]),
    }
    found = statistics.document(columns, rows=4)
    again = statistics.columns(found)
    assert again["fuel"] == columns["fuel"]
    assert again["price"].values.tolist() == [1.0, 2.5]
    assert again["price"].missing == 1
    features = {each["name"]: each for each in found["features"]}
    assert features["price"]["inferred_type"] == "Fractional"
    assert features["price"]["numerical_statistics"]["mean"] == 2.0
    buckets = features["price"]["numerical_statistics"]["distribution"]["kll"]["buckets"]
    assert len(buckets) == 10 and sum(each["count"] for each in buckets) == 3
    assert features["fuel"]["string_statistics"]["distinct_count"] == 2
