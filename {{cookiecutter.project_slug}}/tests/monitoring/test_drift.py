"""Drift: a calm window is calm, a shifted column is named alone, whatever its kind."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from monitoring import comparisons, drift
from monitoring import window as windows
from monitoring.columns import TextCounter
from monitoring.comparisons import Comparison
from monitoring.distributions import OTHERS, Categories, Distribution, Numbers


def drifted(reference: dict[str, Distribution], window: dict[str, Distribution]) -> set[str]:
    return {each.column for each in drift.find(reference, window) if each.drifted}


def columns(
    seed: int, rows: int, shift: float = 0.0, moved: float = 0.0
) -> dict[str, Distribution]:
    draw = np.random.default_rng(seed)
    counts = draw.multinomial(rows, [0.5 - moved, 0.3, 0.2 + moved])
    return {
        "age": Numbers.of(draw.normal(shift, 1, rows)),
        "price": Numbers.of(draw.lognormal(size=rows)),
        "fuel": Categories(dict(zip("abc", counts.tolist(), strict=True))),
    }


def test_a_calm_window_is_calm_and_a_shift_is_named_alone() -> None:
    reference = columns(0, 10_000)
    assert drifted(reference, columns(1, 1_000)) == set()
    assert drifted(reference, columns(2, 1_000, shift=0.3)) == {"age"}
    assert drifted(reference, columns(3, 1_000, moved=0.12)) == {"fuel"}


def test_many_rows_find_no_shift_that_does_not_matter() -> None:
    reference = columns(0, 10_000)
    assert drifted(reference, columns(4, 100_000)) == set()
    assert drifted(reference, columns(5, 100_000, shift=0.02)) == set()


def test_values_that_are_missing_more_often_are_drift() -> None:
    reference = {"age": Numbers.of(np.arange(2_000.0), missing=10)}
    window = {"age": Numbers.of(np.arange(0, 2_000.0, 2), missing=90)}
    found = [each for each in drift.find(reference, window) if each.drifted]
    assert [each.comparison.kind for each in found] == ["missing"]


def test_p_values_are_those_of_scipy() -> None:
    draw = np.random.default_rng(3)
    before, now = draw.integers(0, 9, 800).astype(float), draw.integers(0, 10, 300).astype(float)
    reference, window = Numbers.of(before), Numbers.of(now)
    points = np.union1d(reference.values, window.values)
    ranked = stats.mannwhitneyu(now, before, use_continuity=False, method="asymptotic")
    found = comparisons._rank_p_value(reference, window, points)
    assert found == pytest.approx(ranked.pvalue, rel=1e-9)
    shape = stats.ks_2samp(before, now, method="asymp")
    compared = comparisons.compare_numbers(reference, window)
    assert compared.effect == pytest.approx(shape.statistic)
    assert compared.p_value == pytest.approx(min(1, 2 * min(shape.pvalue, ranked.pvalue)))


def test_windows_without_values_are_no_drift() -> None:
    nothing: dict[str, Distribution] = {"age": Numbers.of(np.empty(0)), "fuel": Categories({})}
    some = columns(0, 100)
    assert drifted({name: some[name] for name in nothing}, nothing) == set()
    assert drift.smallest_shift(some, nothing) == (np.inf, np.inf)


def test_a_small_window_says_what_it_cannot_see() -> None:
    reference = columns(0, 10_000)
    small, large = (drift.smallest_shift(reference, columns(1, rows)) for rows in (50, 5_000))
    assert small[0] > 0.8 > 0.15 > large[0]
    assert small[1] > 0.3 > 0.1 > large[1]


def test_what_is_few_is_named() -> None:
    many, some = columns(0, 5_000), columns(1, 50)
    assert windows.few(50, many, some) == "50 rows are few"
    assert windows.few(200, many, many | {"age": some["age"]}) == "50 values of age are few"
    rare = windows.few(5_000, many | {"age": some["age"]}, many)
    assert rare == "the baseline has only 50 values of age"


def test_a_shift_of_the_said_size_is_found() -> None:
    reference = columns(0, 10_000)
    shift, _ = drift.smallest_shift(reference, columns(1, 1_000))
    hits = [drifted(reference, columns(100 + n, 1_000, shift)) == {"age"} for n in range(40)]
    assert np.mean(hits) >= 0.9


def test_a_comparison_of_ones_own_takes_the_place_of_the_usual_one() -> None:
    def any_new(before: Distribution, now: Distribution) -> Comparison:
        assert isinstance(before, Categories) and isinstance(now, Categories)
        new = set(now.counts) - set(before.counts)
        return Comparison("categorical", float(bool(new)), 0.0 if new else 1.0)

    reference = columns(0, 1_000)
    window = columns(1, 1_000)
    window["fuel"] = window["fuel"].merged(Categories({"gas": 1}))  # type: ignore[arg-type,union-attr]
    assert drifted(reference, window) == set()
    own = drift.find(reference, window, own={"fuel": any_new})
    assert {each.column for each in own if each.drifted} == {"fuel"}


def test_two_categories_are_tested_once() -> None:
    before, now = Categories({"a": 500, "b": 500}), Categories({"a": 90, "b": 110})
    table = [[500, 500], [90, 110]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert comparisons.compare_categories(before, now).p_value == pytest.approx(expected)


@pytest.mark.parametrize("missing", [(0, 3), (12, 0), (300, 31), (300, 80), (5, 1_000)])
def test_missing_values_are_tested_exactly(missing: tuple[int, int]) -> None:
    before, now = (
        Categories({"a": rows - each}, each)
        for rows, each in zip((3_000, 1_000), missing, strict=True)
    )
    table = [[each.missing, each.known] for each in (before, now)]
    found = comparisons.compare_missing(before, now)
    assert found.p_value == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-6)


def test_many_categories_are_tested_as_scipy_does() -> None:
    before = Categories({"a": 500, "b": 300, "c": 200, "d": 90})
    now = Categories({"a": 90, "b": 60, "c": 30, "d": 40})
    table = [list(each.counts.values()) for each in (before, now)]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert comparisons._independence(np.array(table)) == pytest.approx(expected)


def test_psi_is_nothing_for_the_same_and_large_for_the_other() -> None:
    here = Numbers.of(np.random.default_rng(1).normal(size=5_000))
    there = Numbers.of(np.random.default_rng(2).normal(2, 1, 5_000))
    assert comparisons.stability_index(here, here) == pytest.approx(0)
    assert comparisons.stability_index(here, there) > 1


def test_more_texts_than_are_told_apart_are_compared_with_the_rare_ones() -> None:
    draw = np.random.default_rng(4)

    def counted(known: Categories | None, tail: float) -> Categories:
        """Three towns, and a tail of so many that hardly any comes twice."""
        counter = TextCounter(known and known.counts.keys())
        for _ in range(4):
            towns = draw.choice(["a", "b", "c"], 15_000, p=[0.5, 0.3, 0.2]).astype(object)
            is_rare = draw.random(15_000) < tail
            towns[is_rare] = draw.integers(0, 10**9, int(is_rare.sum())).astype(str)
            counter.add(pa.array(towns.tolist(), pa.string()).dictionary_encode())
        found = counter.distribution()
        assert found is not None
        return found

    before = counted(None, tail=0.15)
    assert len(before.counts) > 8_000
    calm, flooded = counted(before, tail=0.2), counted(before, tail=0.35)
    assert OTHERS in calm.counts and calm.known == flooded.known == 60_000
    assert len(flooded.counts) < 100
    for window, least, most in ((calm, 0.04, 0.06), (flooded, 0.19, 0.21)):
        assert least < comparisons.compare(before, window).effect < most
