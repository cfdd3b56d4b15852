"""Where the jobs of an engine find it: a server on loopback, from the first job on.

A script that calls boto3, as AWS's own examples do, finds S3 and SageMaker of the session that runs
it. For a script that does not, this costs a socket.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from sagemaker_local.engine import Engine
from sagemaker_local.wire.messages import Answer, Request, WireError
from sagemaker_local.wire.server import Server

if TYPE_CHECKING:
    from sagemaker_local.wire.services import Services


class Face:
    """A server for as long as its engine lives.

    Attributes:
        url: where it answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)  # which holds this face
        self._services: Services | None = None
        self._lock = threading.Lock()
        server = Server(_Responder(weakref.ref(self)))
        self.url = server.url
        server.start()
        # Not at the exit of the process, where no thread can be started: the server ends with it.
        weakref.finalize(self, _close, server).atexit = False

    def services(self) -> Services | None:
        """Put together when the first request comes: most jobs send none."""
        from sagemaker_local.client.client import SageMakerClient
        from sagemaker_local.wire.services import Services

        with self._lock:
            engine = self._engine()
            if self._services is None and engine is not None:
                engine.bucket.make()
                self._services = Services(SageMakerClient(engine))
            return self._services


class _Responder:
    """Answers for a face, and does not keep its engine alive."""

    def __init__(self, face: weakref.ref[Face]) -> None:
        self._face = face

    def answer(self, request: Request) -> Answer:
        return self._services().answer(request)

    def refusal(self, error: WireError, request: Request) -> Answer:
        return self._services().refusal(error, request)

    def _services(self) -> Services:
        face = self._face()
        services = face.services() if face else None
        if services is None:
            raise ConnectionAbortedError("The session of this address is closed.")
        return services


def _close(server: Server) -> None:
    """In a thread: what frees a face may be a thread of its server, which would wait for itself."""
    threading.Thread(target=server.close, daemon=True).start()
