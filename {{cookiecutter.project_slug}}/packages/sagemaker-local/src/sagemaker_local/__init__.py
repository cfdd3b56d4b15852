"""SageMaker pipelines on this machine: the same definition, warm processes, a boto3-shaped client.

``LocalSession`` is the public face, and ``LocalJobSession`` for jobs outside a pipeline. They are
imported on first use: who needs only a part of the engine does not pay for the SageMaker SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_local.sdk.session import LocalJobSession, LocalSession

__all__ = ["LocalJobSession", "LocalSession"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from sagemaker_local.sdk import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
