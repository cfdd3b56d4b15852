"""How columns are shown: histograms of whole numbers, the names of tenths, descriptions."""

import numpy as np
import pandas as pd
import pytest

from {{ cookiecutter.package_name }}.plots import data_plots


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 14), (18, 94), (-7, 1_000_000), (5, 5)])
def test_each_bin_of_whole_numbers_has_equally_many(low: int, high: int) -> None:
    values = pd.Series(np.linspace(low, high, 500).round())
    edges = data_plots._bins(values)
    assert isinstance(edges, list) and 1 < len(edges) <= data_plots.BINS + 1
    assert {edge % 1 for edge in edges} == {0.5} and len(set(np.diff(edges))) == 1
    assert np.histogram(values, edges)[0].sum() == len(values), "every value has a bin"


def test_other_numbers_and_dates_have_plain_bins() -> None:
    for values in ([0.5, 1.0], [1e20, 3e20], [np.inf, 1.0]):
        assert data_plots._bins(pd.Series(values)) == data_plots.BINS
    days = pd.Series(pd.date_range("2024-01-01", periods=3))
    assert data_plots._bins(days) == data_plots.BINS


def test_a_tenth_is_named_by_a_value_that_it_has() -> None:
    counted = pd.Series(np.repeat(np.arange(1, 15), np.arange(20, 6, -1)))
    names = set(data_plots._groups(counted).astype(str))
    assert names <= {f"{value:.3g}" for value in (*counted, *(counted + 0.5))}
    assert "1.5" not in names or 2 in set(counted), "no halves but between two values"
    years = pd.Series(np.arange(1990, 2020))
    assert "1,991" not in set(data_plots._groups(years).astype(str)), "a year has no comma"


def test_a_description_is_readable() -> None:
    frame = pd.DataFrame(
        {"day": pd.to_datetime(["2024-01-31", "2024-02-02"]), "size": [0.123456, 98765.4]}
    )
    shown = data_plots.readable(frame.describe().T)
    assert shown.loc["day", "min"] == "2024-01-31" and shown.loc["day", "std"] == ""
    assert shown.loc["size", ["count", "min", "max"]].tolist() == ["2", "0.1235", "98,765"]
