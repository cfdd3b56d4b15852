"""The baseline of a model package: what its data was like, and how good it was, in four files.

The training pipeline writes them into one folder, and registers them with the model package as its
drift check baselines. People edit the constraints in that folder; what watches the model reads it.
"""

from collections.abc import Mapping
from typing import Any

from .. import registry
from ..errors import ProjectError
from ..pipelines.gate import file_uri

# By their place in a model package's description.
FILES = {
    ("ModelDataQuality", "Statistics"): "data/statistics.json",
    ("ModelDataQuality", "Constraints"): "data/constraints.json",
    ("ModelQuality", "Statistics"): "quality/statistics.json",
    ("ModelQuality", "Constraints"): "quality/constraints.json",
}


def drift_checks(folder: Any) -> Any:
    """What a model package is registered with, for windows of new data to be held to.

    Args:
        folder: of the baseline: an S3 URI, or a value that is known only when the pipeline runs.
    """
    from sagemaker.core.drift_check_baselines import DriftCheckBaselines

    return DriftCheckBaselines(
        model_statistics=_source(folder, "quality/statistics.json"),
        model_constraints=_source(folder, "quality/constraints.json"),
        model_data_statistics=_source(folder, "data/statistics.json"),
        model_data_constraints=_source(folder, "data/constraints.json"),
    )


def model_metrics(evaluation: Any, folder: Any) -> Any:
    """What a model package says of its own quality, and of its data's.

    Args:
        evaluation: where ``evaluation.json`` is: a URI as below.
        folder: of the baseline: an S3 URI, or a value that is known only when the pipeline runs.
    """
    from sagemaker.core.model_metrics import MetricsSource, ModelMetrics

    return ModelMetrics(
        model_statistics=MetricsSource("application/json", evaluation),
        model_constraints=_source(folder, "quality/constraints.json"),
        model_data_statistics=_source(folder, "data/statistics.json"),
        model_data_constraints=_source(folder, "data/constraints.json"),
    )


def _source(folder: Any, name: str) -> Any:
    from sagemaker.core.model_metrics import MetricsSource

    return MetricsSource("application/json", file_uri(folder, name))


def folder_uri(package: Mapping[str, Any]) -> str:
    """Where the baseline of a model package is.

    Args:
        package: its description.

    Returns:
        The S3 URI of a folder with `FILES`.

    Raises:
        ProjectError: it was registered without one.
    """
    known = package.get("DriftCheckBaselines", {})
    uris = {
        file: str(known.get(subject, {}).get(part, {}).get("S3Uri", ""))
        for (subject, part), file in FILES.items()
    }
    folder = uris["data/statistics.json"].removesuffix("/data/statistics.json")
    if any(uri != f"{folder}/{file}" for file, uri in uris.items()):
        raise ProjectError(
            f"{registry.version_name(package)} has no baseline; the training pipeline registers "
            "versions with one, so train it again"
        )
    return folder
