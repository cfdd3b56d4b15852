"""The supervisor: follows the state, keeps each endpoint, opens the front, and ends well."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from pathlib import Path

from sagemaker_local.callers import LOOPBACK
from sagemaker_local.endpoints.capture import Capture
from sagemaker_local.endpoints.endpoints import STARTED, STOPPED, Endpoints, StoredEndpoint
from sagemaker_local.endpoints.flusher import Flusher
from sagemaker_local.endpoints.front import Front
from sagemaker_local.endpoints.keeper import Keeper, Surroundings, remove_folders
from sagemaker_local.endpoints.metrics import Metrics, Recorder
from sagemaker_local.endpoints.routes import Routes
from sagemaker_local.endpoints.supervision import Records
from sagemaker_local.errors import LocalError
from sagemaker_local.names import ACCOUNT, BUCKET, Arns
from sagemaker_local.processes import leftovers
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.root import RootFolder
from sagemaker_local.storage.store import Store

_LOOK_SECONDS = 0.05
# Without an endpoint, and without a request, it ends.
_IDLE_SECONDS = 2.0
# For the port that clients know to become free.
_PORT_SECONDS = 3.0
# From being told to end: for requests under way, of less than half a minute in all.
_DRAIN_SECONDS = 12.0
# Between two writes of what was captured, and of metrics.
_CAPTURE_SECONDS, _METRICS_SECONDS = 10.0, 2.0

logger = logging.getLogger(__name__)


def supervise(root: Path, region: str, host: str) -> int:
    """Supervise the endpoints of a root until there is nothing to do, or SIGTERM.

    Returns:
        The exit code: 0 also where another one supervises already.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    files = RootFolder(root)
    store = Store(files.state)
    records = Records(store)
    try:
        before = records.claim(host)
    except LocalError as error:
        logger.info("%s", error)
        return 0
    if before is not None:
        leftovers.end(before.mark)
    endpoints = Endpoints(store, Arns(region, ACCOUNT))
    remove_folders(files.endpoints, endpoints.deployments())
    bucket = Bucket(files.objects, BUCKET)
    port = before.port if before and before.host == host else 0
    supervisor = _Supervisor(endpoints, records, bucket, files)
    try:
        asyncio.run(supervisor.run(host, port))
    except OSError as error:
        logger.error("Nothing can listen at %s: %s", host, error.strerror or error)
        return 1
    return 0


class _Supervisor:
    def __init__(
        self, endpoints: Endpoints, records: Records, bucket: Bucket, files: RootFolder
    ) -> None:
        self._files = files
        self._endpoints = endpoints
        self._records = records
        serving = (each.name for each in endpoints.all() if each.is_live and each.serving)
        self._routes = Routes(serving)
        self._around = Surroundings(endpoints, self._routes, bucket, files.endpoints)
        self._keepers: dict[str, Keeper] = {}
        self._version: tuple[int, int] | None = None
        self._is_told_to_end = False
        self._busy = 0.0

    async def run(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows; it is told by the state
                loop.add_signal_handler(number, self._end)
        stopped = {e.name for e in self._endpoints.all() if e.capture_status == STOPPED}
        capture = Capture(self._around.bucket, self._tell, stopped)
        recorder = Recorder(Metrics(self._endpoints.store))
        observers = (capture.observe, recorder.observe)
        flushers = (
            Flusher("capture", capture.flush, _CAPTURE_SECONDS),
            Flusher("metrics", recorder.flush, _METRICS_SECONDS),
        )
        front = Front(self._routes, self._endpoints.arns, observers)
        url = await _opened(front, host, port)
        await asyncio.to_thread(self._records.listens, host, url)
        logger.info("Endpoints are at %s.", url)
        if host != LOOPBACK:
            logger.warning("Whoever reaches %s may ask the models. No key is checked.", host)
        for flusher in flushers:
            flusher.start()
        try:
            await self._watch(front)
        finally:
            await front.close(_DRAIN_SECONDS)
            await asyncio.gather(*(asyncio.to_thread(flusher.stop) for flusher in flushers))
            await asyncio.gather(*(keeper.stop(0.0) for keeper in self._keepers.values()))
        logger.info("The supervisor has ended.")

    def _tell(self, endpoint: str, is_capturing: bool, told: str) -> None:
        """Hear of an endpoint's capture, from the thread that writes."""
        logger.warning("The endpoint %s: %s", endpoint, told)
        self._endpoints.capturing(endpoint, STARTED if is_capturing else STOPPED)

    def _end(self) -> None:
        self._is_told_to_end = True

    async def _watch(self, front: Front) -> None:
        """Look at the state until somebody says that it is enough, or nobody wants anything."""
        while not self._is_told_to_end:
            await self._look()
            if self._keepers:
                self._busy = asyncio.get_running_loop().time()
            if self._may_end(front) and await asyncio.to_thread(
                self._records.leave, self._is_needed
            ):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        """Hand what has changed in the state to those whom it concerns."""
        stored = await asyncio.to_thread(self._changed)
        if stored is None:
            return
        found = {item.name: item for item in stored}
        for name, item in found.items():
            if item.is_live and name not in self._keepers:
                self._keepers[name] = Keeper(name, self._around)
        for name, keeper in self._keepers.items():
            keeper.see(found.get(name))

    def _changed(self) -> list[StoredEndpoint] | None:
        """All endpoints, if the state has changed since the last look; None: it has not."""
        self._forget_done()
        if not self._files.state.exists():  # somebody has deleted the folder
            self._is_told_to_end = True
            return None
        query = "SELECT data_version, total_changes() FROM pragma_data_version"
        (version,) = self._endpoints.store.rows(query)
        if version == self._version:
            return None
        self._version = version
        self._is_told_to_end |= self._records.is_asked_to_stop()
        return self._endpoints.all()

    def _forget_done(self) -> None:
        for name in [name for name, keeper in self._keepers.items() if keeper.is_done]:
            del self._keepers[name]
            self._version = None  # there may be a new one of the same name

    def _may_end(self, front: Front) -> bool:
        """Has nobody asked for anything for a while, and is there nothing to serve?"""
        silent = asyncio.get_running_loop().time() - max(front.last_request, self._busy)
        return not self._keepers and silent > _IDLE_SECONDS

    def _is_needed(self) -> bool:
        return any(stored.is_live for stored in self._endpoints.all())


async def _opened(front: Front, host: str, port: int) -> str:
    """Listen, at the port that clients know if it can be had; gives the address.

    Raises:
        OSError: nothing can listen at the host.
    """
    deadline = asyncio.get_running_loop().time() + _PORT_SECONDS
    while port:
        try:
            return await front.open(host, port)
        except OSError:  # the one before may still be ending
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_LOOK_SECONDS)
    return await front.open(host, 0)
