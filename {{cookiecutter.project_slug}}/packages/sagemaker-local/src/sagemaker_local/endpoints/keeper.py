"""One endpoint: its processes follow the state, and the state says what became of them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.endpoints import endpoints, program
from sagemaker_local.endpoints.deployment import Deployment
from sagemaker_local.endpoints.endpoints import Endpoints, StoredEndpoint
from sagemaker_local.endpoints.fleet import Fleet
from sagemaker_local.endpoints.routes import Routes
from sagemaker_local.errors import LocalError
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.storage.bucket import Bucket

# How long requests that are with an old fleet may take to end; a container has a minute.
_DRAIN_SECONDS = 65.0
_RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What all keepers of a supervisor have.

    Attributes:
        endpoints: the state of all.
        routes: says which fleet answers.
        bucket: where the models are.
        folder: holds a folder for each endpoint.
    """

    endpoints: Endpoints
    routes: Routes
    bucket: Bucket
    folder: Path


class Keeper:
    """See the module.

    Args:
        name: the endpoint's.
        surroundings: of all endpoints.
    """

    def __init__(self, name: str, surroundings: Surroundings) -> None:
        self._name = name
        self._around = surroundings
        self._folder = surroundings.folder / name.lower()
        self._wanted: StoredEndpoint | None = None
        self._changed = asyncio.Event()
        self._retiring: dict[asyncio.Task[None], Fleet] = {}
        self._task = asyncio.create_task(self._work())

    @property
    def is_done(self) -> bool:
        """Nothing is left of the endpoint."""
        return self._task.done() and not self._retiring

    def see(self, stored: StoredEndpoint | None) -> None:
        """Hear what the state says; None: the endpoint is not there any more."""
        self._wanted = stored
        self._changed.set()

    async def stop(self, patience: float) -> None:
        """End the processes; the state stays as it is."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        fleet = self._around.routes.close(self._name)
        if fleet is not None:
            await fleet.stop(patience)
        retiring = dict(self._retiring)
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        await asyncio.gather(*(fleet.stop(patience) for fleet in retiring.values()))

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                if await self._ended():
                    return
                await self._follow()
            except Exception as error:  # what served is not there any more, or the state is busy
                known = isinstance(error, LocalError)
                logger.error("The endpoint %s: %s", self._name, error, exc_info=not known)
                await asyncio.sleep(_RETRY_SECONDS)
                self._changed.set()

    async def _ended(self) -> bool:
        """Is nothing of it wanted any more? Then nothing is left."""
        stored = self._wanted
        if stored is not None and stored.status != endpoints.DELETING:
            return False
        fleet = self._around.routes.close(self._name)
        if fleet is not None:
            await fleet.stop(_DRAIN_SECONDS)
            await fleet.clear()
        if stored is not None:
            await asyncio.to_thread(self._around.endpoints.deleted, self._name)
        return True

    async def _follow(self) -> None:
        stored = self._wanted
        assert stored is not None
        fleet = self._around.routes.fleet(self._name)
        if stored.serving is not None and fleet is None:
            fleet = await self._started(stored.serving)
            self._around.routes.switch(self._name, fleet)
        if stored.pending is not None:
            await self._deploy(stored.pending)
        elif stored.serving is not None and fleet is not None:
            fleet.weigh(stored.serving)
            if stored.status == endpoints.UPDATING:
                await asyncio.to_thread(self._around.endpoints.reweighted, self._name)

    async def _deploy(self, deployment: Deployment) -> None:
        """Start a fleet, and switch to it once it is healthy."""
        known = self._around.endpoints
        fleet = self._around.routes.fleet(self._name)
        if fleet is not None and fleet.deployment.id == deployment.id:
            return  # an older look at the state
        try:
            fleet = await self._started(deployment)
        except (LocalError, OSError) as error:
            logger.error("The endpoint %s: %s", self._name, error)
            await asyncio.to_thread(known.not_deployed, self._name, deployment, str(error))
            return
        before = self._around.routes.switch(self._name, fleet)
        await asyncio.to_thread(known.deployed, self._name, deployment)
        logger.info("The endpoint %s serves %s.", self._name, deployment.configuration)
        if before is not None:
            task = asyncio.create_task(self._retire(before))
            self._retiring[task] = before
            task.add_done_callback(lambda task: self._retiring.pop(task, None))

    async def _started(self, deployment: Deployment) -> Fleet:
        around = self._around
        fleet = Fleet(deployment, self._folder, around.bucket, around.endpoints.arns.region)
        try:
            await fleet.start()
        except BaseException:
            await fleet.clear()
            raise
        return fleet

    async def _retire(self, fleet: Fleet) -> None:
        await fleet.stop(_DRAIN_SECONDS)
        await fleet.clear()


def remove_folders(folder: Path, known: set[str]) -> None:
    """Remove models' files of deployments that no endpoint has: of one that was killed.

    Args:
        folder: holds a folder for each endpoint.
        known: the deployments that endpoints have.
    """
    for files in folder.glob("*/*/*/ml"):
        if files.parents[1].name not in known:
            program.clear(JobFolder(files.parent))
