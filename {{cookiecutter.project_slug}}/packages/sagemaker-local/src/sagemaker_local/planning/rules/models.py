"""Rules about models, model packages and transform jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.planning.rules.rule import Arguments, Outcome, RequestRule

_MODEL, _PACKAGE = "Model", "RegisterModel"
_XGBOOST = "sagemaker-xgboost:3."
_BUILD = "PIP_NO_BUILD_ISOLATION"
_FEW_VARIABLES = 16


def _containers(arguments: Arguments) -> Iterator[tuple[str, Arguments]]:
    """The containers of a model or a package, each with its path."""
    if "PrimaryContainer" in arguments:
        yield "PrimaryContainer", arguments["PrimaryContainer"]
    for index, container in enumerate(arguments.get("Containers") or ()):
        yield f"Containers[{index}]", container
    yield from _of_specification("InferenceSpecification", arguments.get("InferenceSpecification"))
    for index, item in enumerate(arguments.get("AdditionalInferenceSpecifications") or ()):
        yield from _of_specification(f"AdditionalInferenceSpecifications[{index}]", item)


def _of_specification(path: str, specification: Any) -> Iterator[tuple[str, Arguments]]:
    for index, container in enumerate((specification or {}).get("Containers") or ()):
        yield f"{path}.Containers[{index}]", container


def _no_archive(arguments: Arguments) -> Iterator[str]:
    for path, container in _containers(arguments):
        url = container.get("ModelDataUrl")
        if isinstance(url, str) and not url.endswith(".tar.gz") and "Mode" not in container:
            yield f"{path}.ModelDataUrl is {url!r}, and must be a single archive, a .tar.gz"


def _two_names(arguments: Arguments) -> Iterator[str]:
    if {"ModelPackageName", "ModelPackageGroupName"} <= set(arguments):
        yield (
            "ModelPackageName is for packages without versions only, and ModelPackageGroupName "
            "for those with; give one of them"
        )


def _many_variables(arguments: Arguments) -> Iterator[str]:
    for path, container in _containers(arguments):
        count = len(container.get("Environment") or ())
        if count > _FEW_VARIABLES:
            yield f"{path}.Environment has {count} entries; the text allows {_FEW_VARIABLES}"


def _builds_offline(arguments: Arguments) -> Iterator[str]:
    offline = arguments.get("EnableNetworkIsolation") or arguments.get("VpcConfig")
    for path, container in _containers(arguments):
        variables = container.get("Environment") or {}
        image = container.get("Image")
        serves = "SAGEMAKER_PROGRAM" in variables and isinstance(image, str) and _XGBOOST in image
        if offline and serves and _BUILD not in variables:
            yield (
                f"{path}.Environment has no {_BUILD}=0: at each start this image installs the "
                "script with build tools from the internet, which it may not reach"
            )


def _strategy_without_split(arguments: Arguments) -> Iterator[str]:
    split = arguments["TransformInput"].get("SplitType", "None")
    if "BatchStrategy" in arguments and split == "None":
        yield "BatchStrategy needs a TransformInput.SplitType other than None"


RULES = (
    RequestRule(
        "ModelDataUrl is one archive, a .tar.gz",
        "API reference, ContainerDefinition",
        (_MODEL, _PACKAGE),
        _no_archive,
    ),
    RequestRule(
        "A package has ModelPackageName or ModelPackageGroupName, not both",
        "API reference, CreateModelPackage",
        (_PACKAGE,),
        _two_names,
    ),
    RequestRule(
        "A package's container has at most 16 variables",
        "sources differ: the API reference's text says 16, its limit 100",
        (_PACKAGE,),
        _many_variables,
        Outcome.NOTICED,
    ),
    RequestRule(
        "Without internet, the XGBoost image 3.x serves a script only if pip builds without "
        "isolation",
        "aws/deep-learning-containers, test/xgboost/e2e/test_network_isolation.py",
        (_MODEL,),
        _builds_offline,
        Outcome.NOTICED,
    ),
    RequestRule(
        "BatchStrategy needs SplitType",
        "API reference, CreateTransformJob; no refusal was seen",
        ("Transform",),
        _strategy_without_split,
        Outcome.NOTICED,
    ),
)
