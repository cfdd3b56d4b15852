"""Rules about tuning jobs: how much they search, and names that are taken."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sagemaker_local.jobs.tuning_run import OBJECTIVE
from sagemaker_local.jobs.tuning_search import tuned_names
from sagemaker_local.planning.rules.rule import GUIDE, Arguments, Outcome, RequestRule

_TUNING = ("Tuning",)
_LIMITS = f'{GUIDE}, "Resource limits for automatic model tuning"'
_RANGES = f'{GUIDE}, "Define hyperparameter ranges"'
_CONFIG = "HyperParameterTuningJobConfig"
_MOST_RANGES = 30
_MOST_SETTINGS = 100
_MOST_JOBS, _MOST_RANDOM_JOBS = 750, 10_000
_MOST_PARALLEL, _RAISED_PARALLEL = 10, 100
_MOST_METRICS = 20


def _jobs(arguments: Arguments) -> Arguments:
    """What the training jobs are asked to do; it may be missing."""
    found: Arguments = arguments.get("TrainingJobDefinition", {})
    return found


def _many_ranges(arguments: Arguments) -> Iterator[str]:
    count = len(tuned_names(arguments[_CONFIG]))
    if count > _MOST_RANGES:
        yield f"{_CONFIG}.ParameterRanges has {count} ranges in all, and may have {_MOST_RANGES}"


def _many_settings(arguments: Arguments) -> Iterator[str]:
    static = _jobs(arguments).get("StaticHyperParameters") or {}
    # A tuned name that is static too is refused elsewhere; one may be an expression.
    count = len({*static, OBJECTIVE}) + len(tuned_names(arguments[_CONFIG]))
    if count > _MOST_SETTINGS:
        yield (
            f"TrainingJobDefinition has {count} hyperparameters with those that are tuned and "
            f"{OBJECTIVE}, which the service adds, and may have {_MOST_SETTINGS}"
        )


def _limit(arguments: Arguments, member: str) -> int:
    """A limit of the request's; 0 if it is not known, or not given."""
    value = arguments[_CONFIG].get("ResourceLimits", {}).get(member)
    return value if isinstance(value, int) else 0


def _few_combinations(arguments: Arguments) -> Iterator[str]:
    ranges = arguments[_CONFIG].get("ParameterRanges", {})
    counts = [_integers(item) for item in ranges.get("IntegerParameterRanges") or ()]
    counts += [_reals(item) for item in ranges.get("ContinuousParameterRanges") or ()]
    counts += [len(item["Values"]) for item in ranges.get("CategoricalParameterRanges") or ()]
    combinations, jobs = math.prod(counts), _limit(arguments, "MaxNumberOfTrainingJobs")
    if combinations < jobs:
        yield (
            f"{_CONFIG}: You don't have enough combinations of hyperparameter ranges: there are "
            f"{combinations:g}, and MaxNumberOfTrainingJobs is {jobs}"
        )


def _integers(item: Arguments) -> float:
    """How many values an integer range has; of one that is not known yet, no end of them."""
    try:
        return max(0, int(item["MaxValue"]) - int(item["MinValue"]) + 1)
    except (TypeError, ValueError):  # an expression, or no number, which is refused elsewhere
        return math.inf


def _reals(item: Arguments) -> float:
    return 1 if item["MinValue"] == item["MaxValue"] else math.inf


def _many_jobs(arguments: Arguments) -> Iterator[str]:
    jobs, random = _limit(arguments, "MaxNumberOfTrainingJobs"), _is_random(arguments)
    most = _MOST_RANDOM_JOBS if random else _MOST_JOBS
    if jobs > most:
        yield f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs is {jobs}, and may be {most}"


def _jobs_to_ask_for(arguments: Arguments) -> Iterator[str]:
    jobs = _limit(arguments, "MaxNumberOfTrainingJobs")
    if _is_random(arguments) and _MOST_JOBS < jobs <= _MOST_RANDOM_JOBS:
        yield (
            f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs is {jobs}, and a new account has "
            f"{_MOST_JOBS}"
        )


def _is_random(arguments: Arguments) -> bool:
    return bool(arguments[_CONFIG].get("Strategy") == "Random")


def _many_at_once(arguments: Arguments) -> Iterator[str]:
    parallel = _limit(arguments, "MaxParallelTrainingJobs")
    if parallel > _RAISED_PARALLEL:
        yield (
            f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs is {parallel}, and may be "
            f"{_RAISED_PARALLEL}"
        )


def _parallel_to_ask_for(arguments: Arguments) -> Iterator[str]:
    parallel = _limit(arguments, "MaxParallelTrainingJobs")
    where = f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs is {parallel}"
    if _MOST_PARALLEL < parallel <= _RAISED_PARALLEL:
        yield f"{where}, and a new account has {_MOST_PARALLEL}"


def _more_parallel_than_all(arguments: Arguments) -> Iterator[str]:
    parallel = _limit(arguments, "MaxParallelTrainingJobs")
    jobs = _limit(arguments, "MaxNumberOfTrainingJobs")
    if 0 < jobs < parallel:
        where = f"{_CONFIG}.ResourceLimits.MaxParallelTrainingJobs is {parallel}"
        yield f"{where}, more than the {jobs} jobs that there are"


def _many_metrics(arguments: Arguments) -> Iterator[str]:
    algorithm = _jobs(arguments).get("AlgorithmSpecification", {})
    count = len(algorithm.get("MetricDefinitions") or ())
    if count > _MOST_METRICS:
        yield (
            "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions has "
            f"{count} entries, and the limit of a tuning job is {_MOST_METRICS}"
        )


def _taken_name(arguments: Arguments) -> Iterator[str]:
    static = _jobs(arguments).get("StaticHyperParameters") or {}
    if OBJECTIVE in static:
        yield f"TrainingJobDefinition.StaticHyperParameters has {OBJECTIVE}; the service adds it"
    if OBJECTIVE in tuned_names(arguments[_CONFIG]):
        yield f"{_CONFIG}.ParameterRanges has {OBJECTIVE}; the service adds it"


RULES = (
    RequestRule(
        "At most 30 hyperparameters are tuned, of all kinds", _LIMITS, _TUNING, _many_ranges
    ),
    RequestRule(
        "Static and tuned hyperparameters, and the one that the service adds, are at most 100",
        _RANGES,
        _TUNING,
        _many_settings,
    ),
    RequestRule("A search has at most 750 jobs, a random one 10,000", _LIMITS, _TUNING, _many_jobs),
    RequestRule(
        "A random search has at most 750 jobs, until the quota is raised",
        _LIMITS,
        _TUNING,
        _jobs_to_ask_for,
        Outcome.NOTICED,
    ),
    RequestRule(
        "There are as many combinations of values as jobs",
        "aws/amazon-sagemaker-operator-for-k8s#123",
        _TUNING,
        _few_combinations,
    ),
    RequestRule("At most 100 jobs of a search run at once", _LIMITS, _TUNING, _many_at_once),
    RequestRule(
        "At most 10 jobs of a search run at once, until the quota is raised",
        _LIMITS,
        _TUNING,
        _parallel_to_ask_for,
        Outcome.NOTICED,
    ),
    RequestRule(
        "No more jobs at once than jobs",
        "no refusal was seen",
        _TUNING,
        _more_parallel_than_all,
        Outcome.NOTICED,
    ),
    RequestRule(
        "At most 20 metrics of a tuning job",
        f"sources differ: {_LIMITS} says 20, the API 40",
        _TUNING,
        _many_metrics,
        Outcome.NOTICED,
    ),
    RequestRule(
        f"{OBJECTIVE} is the service's own hyperparameter",
        f"{_RANGES}; no refusal was seen",
        _TUNING,
        _taken_name,
        Outcome.NOTICED,
    ),
)
