"""What a tuning job tries next: strategies, ranges and their scales.

Random draws and Bayesian (a tree-structured Parzen estimator) are optuna's, Grid is every
combination of the categorical values. Documented under "Define Hyperparameter Ranges" and "How
Hyperparameter Tuning Works" in the SageMaker Developer Guide.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

from sagemaker_local.definition.expressions import function_of

_MAX_STARTUP = 10
# A range that spans more than two orders of magnitude is searched by orders of magnitude.
_AUTO_LOGARITHMIC = 100.0
_KINDS = ("Integer", "Continuous", "Categorical")


class Search(Protocol):
    """Asked for the next values; told what came of them, in the order in which it was asked.

    Attributes:
        total: how many tries there are.
        lookahead: after so many asks, each further one wants the result of the oldest that is
            open. Nothing else decides what is tried: with one seed, the tries are the same
            whichever of the jobs that run side by side ends first.
    """

    total: int
    lookahead: int

    def ask(self) -> dict[str, str]: ...

    def tell(self, value: float | None) -> None:
        """``value`` is the objective; None if there is none."""
        ...


def search(config: Mapping[str, Any]) -> Search:
    """The search that a ``HyperParameterTuningJobConfig`` without ``refusals`` asks for."""
    if config["Strategy"] == "Grid":
        return _Grid(_ranges(config, "Categorical"))
    return _Sampled(config)


def tuned_names(config: Mapping[str, Any]) -> list[str]:
    """The hyperparameters that have a range."""
    return [item["Name"] for kind in _KINDS for item in _ranges(config, kind)]


def minimizes(config: Mapping[str, Any]) -> bool:
    return bool(config["HyperParameterTuningJobObjective"]["Type"] == "Minimize")


def refusals(config: Mapping[str, Any]) -> Iterator[str]:
    """Why a ``HyperParameterTuningJobConfig`` cannot be searched here.

    Its shape is right already. Values that are expressions are left out: once they are resolved,
    the same questions are asked again.
    """
    strategy = config["Strategy"]
    if strategy == "Hyperband":
        yield "the strategy Hyperband is not run locally; use Bayesian, Random or Grid"
    if "HyperParameterTuningJobObjective" not in config:
        yield "it has no HyperParameterTuningJobObjective to say which try is better"
    yield from _range_refusals(config, strategy)
    yield from _limit_refusals(config, strategy)


def _range_refusals(config: Mapping[str, Any], strategy: Any) -> Iterator[str]:
    if config.get("ParameterRanges", {}).get("AutoParameters"):
        yield "AutoParameters are not run locally; give each hyperparameter a range"
    names = [name for name in tuned_names(config) if isinstance(name, str)]
    if not tuned_names(config):
        yield "it has no ParameterRanges to search"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} has more than one range"
    for kind in ("Integer", "Continuous"):
        for item in _ranges(config, kind):
            if strategy == "Grid":
                yield f"the range {item['Name']}: Grid takes categorical ranges only"
            yield from _bound_refusals(kind, item)


def _bound_refusals(kind: str, item: Mapping[str, Any]) -> Iterator[str]:
    where = f"the range {item['Name']}"
    if function_of(item["MinValue"]) or function_of(item["MaxValue"]):
        return
    try:
        low, high = _bounds(kind, item)
    except ValueError:
        number = "a whole number" if kind == "Integer" else "a number"
        yield f"{where}: {item['MinValue']!r} or {item['MaxValue']!r} is not {number}"
        return
    scale = item.get("ScalingType", "Auto")
    if low > high:
        yield f"{where}: MinValue {low} is above MaxValue {high}"
    if scale == "Logarithmic" and low <= 0:
        yield f"{where}: Logarithmic scaling takes values above 0 only, and MinValue is {low}"
    if scale == "ReverseLogarithmic" and kind == "Integer":
        yield f"{where}: ReverseLogarithmic scaling is for continuous ranges"
    elif scale == "ReverseLogarithmic" and not 0 <= low <= high < 1:
        yield f"{where}: ReverseLogarithmic scaling takes values from 0 to below 1 only"


def _limit_refusals(config: Mapping[str, Any], strategy: Any) -> Iterator[str]:
    limit = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if strategy == "Grid":
        combinations = math.prod(len(_values(item)) for item in _ranges(config, "Categorical"))
        if isinstance(limit, int) and limit != combinations:
            yield (
                f"MaxNumberOfTrainingJobs is {limit}, and Grid tries every combination, which "
                f"makes {combinations}; leave it out"
            )
    elif limit is None and not function_of(strategy):
        yield "it has no MaxNumberOfTrainingJobs, and would never end"


def _ranges(config: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(config.get("ParameterRanges", {}).get(f"{kind}ParameterRanges") or [])


def _values(item: Mapping[str, Any]) -> list[Any]:
    """A categorical range's values, each once."""
    values = item["Values"]
    return [value for index, value in enumerate(values) if value not in values[:index]]


def _bounds(kind: str, item: Mapping[str, Any]) -> tuple[float, float]:
    """A range's ends, which are text in a request.

    Raises:
        ValueError: they are not finite numbers of the range's kind.
    """
    read: Callable[[str], float] = int if kind == "Integer" else float
    low, high = read(item["MinValue"]), read(item["MaxValue"])
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("not finite")
    return low, high


class _Grid:
    """Every combination; the last range turns fastest."""

    def __init__(self, ranges: list[dict[str, Any]]) -> None:
        names = [item["Name"] for item in ranges]
        self._tries = [
            dict(zip(names, values, strict=True))
            for values in product(*(_values(item) for item in ranges))
        ]
        self.total = self.lookahead = len(self._tries)
        self._next = iter(self._tries)

    def ask(self) -> dict[str, str]:
        return next(self._next)

    def tell(self, value: float | None) -> None:
        """Results change nothing."""


@dataclass(frozen=True)
class _Dimension:
    """A range for optuna, and how one of its values is written into a request."""

    distribution: Any
    text: Callable[[Any], str]


class _Sampled:
    """Random or Bayesian search; ``RandomSeed``, or else 0, is the seed."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        # In a notebook, optuna's import warns of progress bars that nobody will see, and a study
        # in memory is worth a line to it: both would stand between the lines of the steps.
        warnings.filterwarnings("ignore", message="IProgress not found")
        logging.getLogger("optuna.storages").setLevel(logging.WARNING)
        import optuna

        limits = config["ResourceLimits"]
        self.total = int(limits["MaxNumberOfTrainingJobs"])
        seed = int(config.get("RandomSeed", 0))
        sampler: optuna.samplers.BaseSampler
        if config["Strategy"] == "Random":
            self.lookahead = self.total
            sampler = optuna.samplers.RandomSampler(seed)
        else:
            self.lookahead = int(limits["MaxParallelTrainingJobs"])
            # A third of the tries is drawn at random first: optuna's ten may be all there are.
            startup = min(_MAX_STARTUP, self.total // 3 + 1)
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup)
        directions = optuna.study.StudyDirection
        direction = directions.MINIMIZE if minimizes(config) else directions.MAXIMIZE
        self._study = optuna.create_study(sampler=sampler, direction=direction)
        self._failed = optuna.trial.TrialState.FAIL
        self._dimensions = {
            item["Name"]: _dimension(kind, item)
            for kind in _KINDS
            for item in _ranges(config, kind)
        }
        self._open: list[Any] = []

    def ask(self) -> dict[str, str]:
        trial = self._study.ask({k: d.distribution for k, d in self._dimensions.items()})
        self._open.append(trial)
        return {name: self._dimensions[name].text(value) for name, value in trial.params.items()}

    def tell(self, value: float | None) -> None:
        trial = self._open.pop(0)
        if value is None:
            self._study.tell(trial, state=self._failed)
        else:
            self._study.tell(trial, value)


def _dimension(kind: str, item: Mapping[str, Any]) -> _Dimension:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if kind == "Categorical":
        return _Dimension(CategoricalDistribution(_values(item)), str)
    low, high = _bounds(kind, item)
    scale = item.get("ScalingType", "Auto")
    if scale == "ReverseLogarithmic":
        # Searched by the distance to 1; taking it from 1 again may round out of the range.
        distribution = FloatDistribution(1 - high, 1 - low, log=True)
        return _Dimension(distribution, lambda value: repr(float(min(max(1 - value, low), high))))
    spans = low > 0 and high > _AUTO_LOGARITHMIC * low
    log = scale == "Logarithmic" or (scale == "Auto" and spans)
    if kind == "Integer":
        return _Dimension(IntDistribution(int(low), int(high), log=log), str)
    return _Dimension(FloatDistribution(low, high, log=log), lambda value: repr(float(value)))
