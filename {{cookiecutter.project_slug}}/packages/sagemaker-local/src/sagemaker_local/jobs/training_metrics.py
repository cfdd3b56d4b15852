"""The metrics of a training job, read from what it printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sagemaker_local.jobs import algorithm
from sagemaker_local.storage.store import now

# Characters; what has no line breaks at all is read in parts of this size.
_LONGEST_LINE = 1 << 20


def regex_refusals(metric: dict[str, Any]) -> Iterator[str]:
    """Why a request's definition of a metric finds nothing."""
    try:
        re.compile(metric["Regex"])
    except (re.error, TypeError) as error:
        yield f"metric {metric['Name']!r} has a Regex that is no regular expression: {error}"


def described(request: dict[str, Any]) -> dict[str, Any]:
    """What a Describe response says of an algorithm's metrics, which its request does not define.

    Source: an engineer of AWS's in aws/sagemaker-xgboost-container#121.
    """
    specification = request.get("AlgorithmSpecification", {})
    found = algorithm.of(specification.get("TrainingImage"))
    if found is None or not found.definitions:
        return {}
    metrics = [{"Name": name, "Regex": regex} for name, regex in found.definitions.items()]
    return {"AlgorithmSpecification": {**specification, "MetricDefinitions": metrics}}


def final_metrics(request: dict[str, Any], logs: Sequence[Path]) -> list[dict[str, Any]]:
    """``FinalMetricDataList``: the last value of each metric in the hosts' logs.

    A metric is what the request's regexes find, or, of an algorithm of SageMaker's, its own.
    What an earlier log says comes before what a later one does.
    """
    found_in = _metrics_of(request.get("AlgorithmSpecification", {}))
    if found_in is None:
        return []
    values: dict[str, float] = {}
    for file in filter(Path.is_file, reversed(logs)):
        # Line by line, as the service reads a log: one of 200 MB need not fit into memory.
        with file.open(encoding="utf-8", errors="replace") as log:
            while line := log.readline(_LONGEST_LINE):
                values.update(found_in(line))
    return [
        {"MetricName": name, "Value": value, "Timestamp": now()} for name, value in values.items()
    ]


def _metrics_of(
    specification: dict[str, Any],
) -> Callable[[str], Iterable[tuple[str, float]]] | None:
    """What finds metrics in a line of the log; None: nothing does."""
    if found := algorithm.of(specification.get("TrainingImage")):
        return found.metrics_in
    definitions = specification.get("MetricDefinitions")
    if not definitions:
        return None

    def defined_in(line: str) -> Iterator[tuple[str, float]]:
        for definition in definitions:
            value = _last_number(definition["Regex"], line)
            if value is not None:
                yield definition["Name"], value

    return defined_in


def _last_number(regex: str, line: str) -> float | None:
    """What the first group, or a regex without groups, found last; None if it is no number."""
    *_, last = (None, *re.finditer(regex, line))
    try:
        return float(last[1 if last.re.groups else 0]) if last else None
    except (TypeError, ValueError):
        return None
