"""The gate between evaluation and registry: questions to ``evaluation.json``."""

from typing import Any


def value(step_name: str, report: Any, path: str) -> Any:
    """A value of a step's property file, read when the pipeline runs.

    Args:
        step_name: the step that writes the file.
        report: its ``PropertyFile``.
        path: where in the file, such as ``gate.value``.
    """
    from sagemaker.core.workflow.functions import JsonGet

    return JsonGet(step_name=step_name, property_file=report, json_path=path)


def reaches(measured: Any, threshold: Any, minimized: bool) -> Any:
    """The condition that a metric is at least, or for errors at most, as good as a threshold."""
    from sagemaker.core.workflow import conditions

    operator = (
        conditions.ConditionLessThanOrEqualTo
        if minimized
        else conditions.ConditionGreaterThanOrEqualTo
    )
    return operator(left=measured, right=threshold)


def file_uri(folder_uri: Any, name: str) -> Any:
    """The URI of a file in an output folder, both known only when the pipeline runs."""
    from sagemaker.core.workflow.functions import Join

    return Join(on="/", values=[folder_uri, name])
