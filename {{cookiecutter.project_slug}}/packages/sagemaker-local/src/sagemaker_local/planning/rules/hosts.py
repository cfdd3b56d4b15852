"""Rules about how many hosts a job has."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.planning.rules.rule import Arguments, RequestRule

_MOST = 100


def _no_host(arguments: Arguments) -> Iterator[str]:
    resources = arguments.get("ResourceConfig", {})
    if resources.get("InstanceCount") == 0 and not resources.get("InstanceGroups"):
        yield "ResourceConfig.InstanceCount is 0, and a job has at least one instance"


def _many_hosts(arguments: Arguments) -> Iterator[str]:
    count = arguments["TransformResources"].get("InstanceCount")
    if isinstance(count, int) and count > _MOST:
        yield f"TransformResources.InstanceCount is {count}, and may be at most {_MOST}"


RULES = (
    RequestRule(
        "InstanceCount of a training job is at least 1, unless InstanceGroups say it",
        "API reference, ResourceConfig; its model has 0, for InstanceGroups",
        ("Training",),
        _no_host,
    ),
    RequestRule(
        "InstanceCount of a transform job is at most 100",
        "API reference, TransformResources; its model does not say so",
        ("Transform",),
        _many_hosts,
    ),
)
