"""A stand-in of sagemaker_local for the package in SageMaker's XGBoost image: what scripts use."""

from __future__ import annotations

_HERE = ("data_utils", "distributed", "encoder")


def __getattr__(name: str) -> object:
    if name.startswith("__") or name in (*_HERE, "_algorithm"):  # not loaded yet
        raise AttributeError(name)
    raise ImportError(
        f"sagemaker_xgboost_container.{name} is in SageMaker's XGBoost image and not here, where a "
        f"stand-in has {', '.join(_HERE)}; write what it does with xgboost itself"
    )
