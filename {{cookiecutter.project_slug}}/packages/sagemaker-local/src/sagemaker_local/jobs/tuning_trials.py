"""The training jobs of a tuning job: their objectives, their order, and what lists say of them.

All of it is read from Describe responses, so that a later process finds what the first one did.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from sagemaker_local.jobs import training, tuning_search
from sagemaker_local.storage.store import Document, Store, members_of

# What the objective must gain to count as better, for BestObjectiveNotImproving.
_IMPROVEMENT = 0.01


def config_of(job: Document) -> Document:
    return dict(job["HyperParameterTuningJobConfig"])


def training_jobs(job: Document, store: Store) -> list[Document]:
    """The Describe responses of a tuning job's training jobs, the first one first."""
    arn = job["HyperParameterTuningJobArn"]
    found = store.resources(training.KIND.resource)
    return [child for child in reversed(found) if child.get("TuningJobArn") == arn]


def summary(job: Document, child: Document) -> Document:
    """A training job as the tuning job's lists have it (HyperParameterTrainingJobSummary)."""
    tuned = tuning_search.tuned_names(config_of(job))
    found = members_of(
        child,
        (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingStartTime",
            "TrainingEndTime",
            "TrainingJobStatus",
            "FailureReason",
        ),
    )
    found["TuningJobName"] = job["HyperParameterTuningJobName"]
    found["TunedHyperParameters"] = members_of(child["HyperParameters"], tuned)
    found["ObjectiveStatus"] = _objective_status(job, child)
    definition = job["TrainingJobDefinition"].get("DefinitionName")
    if definition:
        found["TrainingJobDefinitionName"] = definition
    value = objective(job, child)
    if value is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {
            **config_of(job)["HyperParameterTuningJobObjective"],
            "Value": value,
        }
    return found


def objective(job: Document, child: Document) -> float | None:
    """The value of the objective that a training job ended with; None if there is none."""
    if child["TrainingJobStatus"] != "Completed":
        return None
    name = config_of(job)["HyperParameterTuningJobObjective"]["MetricName"]
    for metric in child.get("FinalMetricDataList", []):
        if metric["MetricName"] == name and math.isfinite(metric["Value"]):
            return float(metric["Value"])
    return None


def best_first(job: Document, children: Iterable[Document]) -> list[Document]:
    """The training jobs that have an objective; equals by name, which is by number."""
    sign = 1 if tuning_search.minimizes(config_of(job)) else -1
    found = [(objective(job, child), child) for child in children]
    ranked = [(sign * value, c["TrainingJobName"], c) for value, c in found if value is not None]
    return [child for _, _, child in sorted(ranked, key=lambda item: item[:2])]


def in_order(job: Document, children: list[Document], request: Document) -> list[Document]:
    """The training jobs in the order that a list request asks for, by default of their names.

    By FinalObjectiveMetricValue, those without one are left out.
    """
    by, order = request.get("SortBy", "Name"), request.get("SortOrder", "Ascending")
    if by == "FinalObjectiveMetricValue":
        ranked = best_first(job, children)
        ascending = ranked if tuning_search.minimizes(config_of(job)) else ranked[::-1]
    else:
        key = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(by, str(by))
        ascending = sorted(children, key=lambda child: child[key])
    return ascending if order == "Ascending" else ascending[::-1]


def _objective_status(job: Document, child: Document) -> str:
    if child["TrainingJobStatus"] in {"InProgress", "Stopping"}:
        return "Pending"
    return "Failed" if objective(job, child) is None else "Succeeded"


def counters(job: Document, children: Iterable[Document]) -> Document:
    """How many training jobs there are, by their status and by their objective's."""
    statuses: Counter[str] = Counter()
    objectives: Counter[str] = Counter()
    for child in children:
        statuses[child["TrainingJobStatus"]] += 1
        objectives[_objective_status(job, child)] += 1
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses["Completed"],
            "InProgress": statuses["InProgress"],
            "RetryableError": 0,
            "NonRetryableError": statuses["Failed"],
            "Stopped": statuses["Stopped"],
        },
        "ObjectiveStatusCounters": {
            name: objectives[name] for name in ("Succeeded", "Pending", "Failed")
        },
    }


def not_improving(values: Iterable[float], minimize: bool) -> int:
    """How many values there are after the last that was better by a hundredth or more."""
    count, best = 0, None
    for value in values:
        gain = None if best is None else (best - value if minimize else value - best)
        if best is None or (gain and gain >= _IMPROVEMENT * abs(best)):
            count, best = 0, value
        else:
            count += 1
    return count
