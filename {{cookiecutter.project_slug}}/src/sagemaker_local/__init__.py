"""SageMaker pipelines on this machine: the same definition, warm processes, a boto3-shaped client.

``LocalSession`` is the public face. It is imported on first use, because the fork server imports
this package too and must not pay for the SageMaker SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_local.session import LocalSession

__all__ = ["LocalSession"]


def __getattr__(name: str) -> Any:
    if name == "LocalSession":
        from sagemaker_local.session import LocalSession

        return LocalSession
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
