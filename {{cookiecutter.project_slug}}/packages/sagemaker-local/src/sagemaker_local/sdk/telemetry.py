"""What the SDK tells AWS of its use: nothing, of sessions of this machine."""

from __future__ import annotations

from typing import Any

from sagemaker.core.telemetry import telemetry_logging


def silence(kind: type) -> None:
    """Keep the SDK from calling home for sessions of a kind, once; others are as they were."""
    send = telemetry_logging._send_telemetry_request
    if getattr(send, "for_managed_sessions_only", False):
        return

    def send_if_managed(status: Any, features: Any, session: Any, *args: Any, **kw: Any) -> None:
        if not isinstance(session, kind):
            send(status, features, session, *args, **kw)

    send_if_managed.for_managed_sessions_only = True  # type: ignore[attr-defined]
    telemetry_logging._send_telemetry_request = send_if_managed
