"""What ``evaluation.json`` says: read from a run or a registered model, and set side by side."""

import json
from collections.abc import Mapping
from typing import Any

from .s3 import bucket_and_key

FILE = "evaluation.json"
# Of evaluation.json, beside the metrics of model, champion and constant.
KEPT = ("problem_type", "primary_metric", "direction", "rows", "gate", "validation", "slices")


def of_steps(session: Any, steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """``evaluation.json`` of each described step that wrote one, by the step's name."""
    found = {}
    for step in steps:
        arn = step.get("Metadata", {}).get("ProcessingJob", {}).get("Arn")
        if arn and step["StepStatus"] == "Succeeded":
            name = arn.rpartition("/")[2]
            job = session.sagemaker_client.describe_processing_job(ProcessingJobName=name)
            outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
            uris = [
                out["S3Output"]["S3Uri"] for out in outputs if out["OutputName"] == "evaluation"
            ]
            for uri in uris:
                bucket, key = bucket_and_key(uri)
                text = session.read_s3_file(bucket, f"{key}/{FILE}")
                found[step["StepName"]] = dict(json.loads(text))
    return found


def uri_of_package(package: Mapping[str, Any]) -> str:
    """Where a package's ``evaluation.json`` is; "" if it has none."""
    statistics = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {})
    return str(statistics.get("S3Uri", ""))


def of_package(session: Any, package: dict[str, Any]) -> dict[str, Any]:
    """A package's ``evaluation.json``; empty if it has none."""
    uri = uri_of_package(package)
    if not uri:
        return {}
    bucket, key = bucket_and_key(uri)
    return dict(json.loads(session.read_s3_file(bucket, key)))


def metrics_document(reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What ``metrics.json`` holds: of the best evaluation, and under ``others`` of further ones."""
    documents = {
        name: {key: report[key] for key in KEPT if report.get(key)} | comparison(report)
        for name, report in reports.items()
    }
    order = sorted(documents, key=lambda name: rank(documents[name]))
    best, others = documents[order[0]], {name: documents[name] for name in order[1:]}
    return best | ({"step": order[0], "others": others} if others else {})


def comparison(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The test metrics of the model, the champion (if there was one) and a constant, by name."""
    columns = {
        "model": report[f"{report['problem_type']}_metrics"],
        "champion": report["champion_metrics"],
        "constant": report["constant_metrics"],
    }
    return {
        name: {metric: item["value"] for metric, item in metrics.items()}
        for name, metrics in columns.items()
        if metrics
    }


def side_by_side(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """``comparison`` of several reports; the constant, which they share, comes last.

    Args:
        reports: ``evaluation.json`` by the name of its step, which the columns of two or more have.
    """
    columns: dict[str, dict[str, float]] = {}
    constant: dict[str, float] = {}
    for name, report in reports.items():
        label = f"{name}: " if len(reports) > 1 else ""
        measured = comparison(report)
        constant = measured.pop("constant")
        columns |= {f"{label}{who}": metrics for who, metrics in measured.items()}
    return columns | {"constant": constant}


def rank(metrics: dict[str, Any]) -> float:
    """A number that is lower for better metrics; infinite where there are none."""
    value = metrics.get("model", {}).get(metrics.get("primary_metric"))
    if value is None:
        return float("inf")
    return float(value) if metrics.get("direction") == "minimize" else -float(value)


def readable(value: float) -> str:
    """A metric with four digits, or all of them before the point."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"
