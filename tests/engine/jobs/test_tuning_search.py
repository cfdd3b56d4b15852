"""What a search tries: within the ranges, by their scales, and the same for the same seed."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.jobs.tuning_search import refusals, search

from engine.definitions import Json, categorical, continuous, get, integer, tuning_config

MANY = 300


def no_result(_: dict[str, str]) -> float | None:
    return None


def tries(
    config: Json, result: Callable[[dict[str, str]], float | None] = no_result
) -> list[dict[str, str]]:
    """All tries, each told as late as the search allows."""
    found = search(config)
    asked: list[dict[str, str]] = []
    while len(asked) < found.total:
        if len(asked) >= found.lookahead:
            found.tell(result(asked[len(asked) - found.lookahead]))
        asked.append(found.ask())
    return asked


def values(item: Json, jobs: int = MANY, **options: Any) -> list[float]:
    """The numbers that are tried for a single range."""
    config = tuning_config(item, jobs=jobs, **options)
    return [float(text) for tried in tries(config) for text in tried.values()]


SCALES = ["Auto", "Linear", "Logarithmic", "ReverseLogarithmic", None]
RANGES = [
    *((continuous("x", 0.001, 0.999, scale), 0.001, 0.999) for scale in SCALES),
    (continuous("x", 0, 0.999999, "ReverseLogarithmic"), 0, 0.999999),
    (continuous("x", -2.5, 2.5), -2.5, 2.5),
    (continuous("x", 0.25, 0.25), 0.25, 0.25),
    *((integer("x", 1, 1000, scale), 1, 1000) for scale in ("Auto", "Linear", "Logarithmic")),
    (integer("x", -3, 3), -3, 3),
]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
@pytest.mark.parametrize(("item", "low", "high"), RANGES)
def test_every_value_lies_in_its_range(item: Json, low: float, high: float, strategy: str) -> None:
    found = values(item, jobs=60, strategy=strategy)
    assert len(found) == 60
    assert low <= min(found) <= max(found) <= high


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_values_are_text_as_the_service_writes_it(strategy: str) -> None:
    config = tuning_config(
        integer("depth", 2, 9),
        continuous("eta", "1e-6", "1e-4"),
        categorical("kind", '"sgd"', "adam", "0.10"),
        strategy=strategy,
        jobs=40,
    )
    found = tries(config, lambda tried: float(tried["eta"]))
    assert {tried["depth"] for tried in found} <= {str(number) for number in range(2, 10)}
    assert {tried["kind"] for tried in found} == {'"sgd"', "adam", "0.10"}
    for tried in found:
        assert isinstance(json.loads(tried["eta"]), float), "a script reads it as JSON"


def share_below(middle: float, found: list[float]) -> float:
    return sum(value < middle for value in found) / len(found)


def test_a_linear_scale_is_even() -> None:
    for scale in ("Linear", None):
        found = values(continuous("x", 0, 10, scale))
        assert share_below(5, found) == pytest.approx(0.5, abs=0.1)
        assert share_below(1, found) == pytest.approx(0.1, abs=0.06)


@pytest.mark.slow
def test_a_logarithmic_scale_is_even_in_orders_of_magnitude() -> None:
    for item in (
        continuous("x", 0.0001, 1, "Logarithmic"),
        continuous("x", 0.0001, 1, "Auto"),
        continuous("x", 0.0001, 1),
    ):
        found = values(item)
        for exponent, share in ((-3, 0.25), (-2, 0.5), (-1, 0.75)):
            assert share_below(10**exponent, found) == pytest.approx(share, abs=0.1)
    found = values(integer("x", 1, 10000, "Logarithmic"))
    assert share_below(100, found) == pytest.approx(0.5, abs=0.1)


def test_a_reverse_logarithmic_scale_is_even_in_the_distance_to_one() -> None:
    found = values(continuous("x", 0.9, 0.9999, "ReverseLogarithmic"))
    distances = [1 - value for value in found]
    assert share_below(0.01, distances) == pytest.approx(2 / 3, abs=0.1)
    assert share_below(0.001, distances) == pytest.approx(1 / 3, abs=0.1)


@pytest.mark.parametrize(
    ("item", "middle"),
    [
        (continuous("x", 0.1, 10), 5.05),  # two orders of magnitude, and not more
        (continuous("x", 0, 1000), 500),
        (continuous("x", -1000, 1000, "Auto"), 0),
        (integer("x", 1, 100, "Auto"), 50.5),
    ],
)
def test_auto_is_linear_where_a_range_is_narrow_or_reaches_zero(item: Json, middle: float) -> None:
    assert share_below(middle, values(item)) == pytest.approx(0.5, abs=0.1)


def test_grid_tries_every_combination_once() -> None:
    config = tuning_config(
        categorical("kind", "a", "b", "a"),
        categorical("depth", "2", "4", "8"),
        strategy="Grid",
        jobs=None,
        parallel=2,
    )
    found = tries(config)
    assert len(found) == 6
    assert {(tried["kind"], tried["depth"]) for tried in found} == {
        (kind, depth) for kind in "ab" for depth in "248"
    }
    assert list(refusals(config)) == []


SPACE = (continuous("rate", 0, 1), integer("depth", 1, 100), categorical("kind", "a", "b", "c"))


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
@pytest.mark.parametrize("parallel", [1, 3])
def test_a_seed_decides_what_is_tried(strategy: str, parallel: int) -> None:
    def tried(**members: Any) -> list[dict[str, str]]:
        config = tuning_config(*SPACE, strategy=strategy, jobs=25, parallel=parallel, **members)
        return tries(config, lambda values: float(values["rate"]))

    assert tried(RandomSeed=4) == tried(RandomSeed=4)
    assert tried(RandomSeed=4) != tried(RandomSeed=5)
    assert tried() == tried(RandomSeed=0)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 3])
def test_a_bayesian_search_goes_where_the_objective_is_better(parallel: int) -> None:
    def last(objective: str) -> float:
        config = tuning_config(
            continuous("rate", 0, 1), strategy="Bayesian", objective=objective, jobs=40,
            parallel=parallel,
        )  # fmt: skip
        found = tries(config, lambda values: float(values["rate"]))
        return statistics.mean(float(tried["rate"]) for tried in found[20:])

    assert last("Minimize") < 0.3
    assert last("Maximize") > 0.7


def test_a_bayesian_search_of_few_jobs_uses_its_results_too() -> None:
    """optuna's own ten random tries would be all of them."""
    config = tuning_config(continuous("rate", 0, 1), strategy="Bayesian", jobs=9)
    low = tries(config, lambda values: float(values["rate"]))
    high = tries(config, lambda values: -float(values["rate"]))
    assert low[:4] == high[:4]
    assert low[4:] != high[4:]


def test_a_random_search_does_not_wait_for_results() -> None:
    found = search(tuning_config(*SPACE, jobs=7, parallel=2))
    assert (found.total, found.lookahead) == (7, 7)


def test_a_bayesian_search_knows_all_results_but_the_last() -> None:
    found = search(tuning_config(*SPACE, strategy="Bayesian", jobs=7, parallel=2))
    assert (found.total, found.lookahead) == (7, 2)


def test_a_try_without_objective_is_no_result() -> None:
    def result(tried: dict[str, str]) -> float | None:
        rate = float(tried["rate"])
        return rate if rate > 0.2 else None

    config = tuning_config(continuous("rate", 0, 1), strategy="Bayesian", jobs=30)
    found = tries(config, result)
    assert len(found) == 30
    assert all(math.isfinite(float(tried["rate"])) for tried in found)


FLAWS = [
    (tuning_config(*SPACE, strategy="Hyperband"), "Hyperband is not run locally"),
    (tuning_config(), "no ParameterRanges"),
    (tuning_config(categorical("a", "1"), integer("a", 1, 2)), "a has more than one range"),
    (tuning_config(integer("a", 1, 2.5)), "'1' or '2.5' is not a whole number"),
    (tuning_config(continuous("a", "low", 1)), "'low' or '1' is not a number"),
    (tuning_config(continuous("a", 0, "inf")), "is not a number"),
    (tuning_config(continuous("a", 0, "nan")), "is not a number"),
    (tuning_config(continuous("a", 2, 1)), "MinValue 2.0 is above MaxValue 1.0"),
    (tuning_config(continuous("a", 0, 1, "Logarithmic")), "values above 0 only"),
    (tuning_config(integer("a", -1, 1, "Logarithmic")), "values above 0 only"),
    (tuning_config(integer("a", 0, 0, "ReverseLogarithmic")), "for continuous ranges"),
    (tuning_config(continuous("a", 0, 1, "ReverseLogarithmic")), "from 0 to below 1"),
    (tuning_config(continuous("a", -0.5, 0.5, "ReverseLogarithmic")), "from 0 to below 1"),
    (tuning_config(integer("a", 1, 2), strategy="Grid", jobs=None), "categorical ranges only"),
    (tuning_config(continuous("a", 1, 2), strategy="Grid", jobs=None), "categorical ranges only"),
    (tuning_config(categorical("a", "1", "2"), strategy="Grid", jobs=3), "makes 2; leave it out"),
    (tuning_config(*SPACE, jobs=None), "no MaxNumberOfTrainingJobs"),
]


@pytest.mark.parametrize(("config", "expected"), FLAWS)
def test_what_cannot_be_searched_is_said(config: Json, expected: str) -> None:
    (flaw,) = refusals(config)
    assert expected in flaw


def test_auto_parameters_and_a_missing_objective_are_said() -> None:
    config = tuning_config(*SPACE)
    config["ParameterRanges"]["AutoParameters"] = [{"Name": "b", "ValueHint": "1"}]
    del config["HyperParameterTuningJobObjective"]
    objective, automatic = refusals(config)
    assert "no HyperParameterTuningJobObjective" in objective
    assert "AutoParameters are not run locally" in automatic


def test_expressions_are_taken_to_turn_out_well() -> None:
    value = get("Parameters.Any")
    config = tuning_config(
        integer("a", value, 2, "Logarithmic"),
        continuous("b", 0, value, "ReverseLogarithmic"),
        categorical("c", value, "x", value),
        categorical(value, "x"),
        strategy=value,
        jobs=value,
    )
    assert list(refusals(config)) == []
    assert list(refusals({**config, "Strategy": value, "ResourceLimits": {}})) == []


@pytest.mark.slow
def test_optuna_is_imported_by_a_search_only_and_says_nothing(source: Path) -> None:
    config = tuning_config(*SPACE, strategy="Bayesian", parallel=2, jobs=5)
    code = f"""
import sys
import ipykernel.zmqshell  # as in a notebook
import sagemaker_local.client.client
from sagemaker_local.jobs.tuning_search import search
print("optuna" in sys.modules)
found = search({config!r})
for _ in range(2):
    found.ask()
found.tell(1.0)
found.tell(None)
print("optuna" in sys.modules)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "False\nTrue\n"
    for word in ("optuna", "study", "IProgress"):
        assert word not in ended.stderr
