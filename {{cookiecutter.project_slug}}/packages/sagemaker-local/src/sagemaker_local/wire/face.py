"""Where the jobs of an engine find it: a server on loopback, from the first job on.

A script that calls boto3, as AWS's own examples do, finds S3 and SageMaker of the session that runs
it. For a script that does not, this costs a socket.
"""

from __future__ import annotations

import threading
import weakref

from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.engine import Engine
from sagemaker_local.wire.messages import Answer, Request, WireError
from sagemaker_local.wire.server import Server
from sagemaker_local.wire.services import Services, refusal


class Face:
    """A server for as long as its engine lives.

    Attributes:
        url: where it answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)  # which holds this face
        self._services: Services | None = None
        self._lock = threading.Lock()
        server = Server(_Respond(weakref.ref(self)))
        self.url = server.url
        server.start()
        # Not at the exit of the process, where no thread can be started: the server ends with it.
        weakref.finalize(self, _close, server).atexit = False

    def services(self) -> Services | None:
        """Put together when the first request comes: most jobs send none."""
        with self._lock:
            engine = self._engine()
            if self._services is None and engine is not None:
                self._services = Services(SageMakerClient(engine))
            return self._services


class _Respond:
    """Answers for a face, and does not keep its engine alive."""

    def __init__(self, face: weakref.ref[Face]) -> None:
        self._face = face

    def __call__(self, request: Request) -> Answer:
        face = self._face()
        services = face.services() if face else None
        if services is None:
            told = "The session that this address belonged to is closed; open another one."
            return refusal(WireError("ServiceUnavailable", told, 503), request)
        return services.answer(request)


def _close(server: Server) -> None:
    """In a thread: what frees a face may be a thread of its server, which would wait for itself."""
    threading.Thread(target=server.close, daemon=True).start()
