"""A stand-in of sagemaker_local for the toolkit in SageMaker's images: what public scripts use."""

from __future__ import annotations

_HERE = ("beta", "entry_point")


def __getattr__(name: str) -> object:
    if name.startswith("__") or name in _HERE:  # a module that is not loaded yet
        raise AttributeError(name)
    raise ImportError(
        f"sagemaker_containers.{name} is in SageMaker's images and not here, where a stand-in has "
        f"{', '.join(_HERE)}; read os.environ['SM_...'] and /opt/ml/input/config instead"
    )
