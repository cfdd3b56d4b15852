"""SageMaker pipelines on this machine: the same definition, warm processes, a boto3-shaped client.

``LocalSession`` is the public face, and ``LocalJobSession`` for jobs outside a pipeline. They are
imported on first use, because the fork server imports this package too and must not pay for the
SageMaker SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagemaker_local.session import LocalJobSession, LocalSession

__all__ = ["LocalJobSession", "LocalSession"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from sagemaker_local import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
