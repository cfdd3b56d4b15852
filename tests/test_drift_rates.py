"""The monitor is silent where nothing changed, and names what did: both counted, by fixed seeds."""

import pytest
from drift_windows import Violations, rates, references, window

pytestmark = pytest.mark.slow


def test_few_false_alarms_and_small_shifts_found() -> None:
    found = rates(Violations(), calm=1_000, shifted=200, count=5)
    assert found.alarms <= 0.005
    assert {name: share for name, share in found.found.items() if share < 0.95} == {}
    assert found.others <= 0.005


def test_many_rows_raise_nothing_for_nothing() -> None:
    for reference, draw in references(5):
        assert Violations()(reference, window(draw, 100_000)) == set()
        assert Violations()(reference, window(draw, 100_000, sigma=0.02)) == set()
