"""A stand-in of sagemaker_local for the inference toolkit in SageMaker's images."""

from __future__ import annotations

_HERE = ("content_types", "decoder", "encoder", "errors")


def __getattr__(name: str) -> object:
    if name.startswith("__") or name in _HERE:  # a module that is not loaded yet
        raise AttributeError(name)
    raise ImportError(
        f"sagemaker_inference.{name} is in SageMaker's images and not here, where a stand-in has "
        f"{', '.join(_HERE)}; install sagemaker-inference if the script needs it"
    )
