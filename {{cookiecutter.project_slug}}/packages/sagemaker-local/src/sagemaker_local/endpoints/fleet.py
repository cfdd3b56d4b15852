"""The running backends of one deployment: which one a request goes to, and when all are idle."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.endpoints.backend import Backend
from sagemaker_local.endpoints.chain import Chain
from sagemaker_local.endpoints.deployment import Deployment, Variant
from sagemaker_local.endpoints.program import Program
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.registry.models import Container
from sagemaker_local.storage.bucket import Bucket


@dataclass(frozen=True)
class Serving:
    """A variant, and the backend that answers for it."""

    variant: Variant
    backend: Chain


def _places(variant: Variant, deployment: Path) -> Iterator[tuple[Container, JobFolder]]:
    """A variant's containers, in turn, and the folders of their files."""
    folder = deployment / variant.name
    yield variant.container, JobFolder(folder)
    for number, container in enumerate(variant.following, 2):
        yield container, JobFolder(folder / f"container-{number}")


class Fleet:
    """The backends of one deployment.

    Args:
        deployment: what they serve.
        folder: of the endpoint's files; each variant has a folder in the deployment's.
        bucket: where the models are.
        region: of the programs' variables.
    """

    def __init__(self, deployment: Deployment, folder: Path, bucket: Bucket, region: str) -> None:
        self.deployment = deployment
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self._backends = {
            variant.name: Chain(
                [
                    Backend(Program(container, place, bucket, region), variant.startup_seconds)
                    for container, place in _places(variant, folder / deployment.id)
                ]
            )
            for variant in deployment.variants
        }
        self.weigh(deployment)

    def weigh(self, deployment: Deployment) -> None:
        """Take the weights of the same deployment as they are now."""
        self.deployment = deployment
        pairs = [Serving(item, self._backends[item.name]) for item in deployment.variants]
        self._production = [pair for pair in pairs if not pair.variant.is_shadow]
        self._shadows = [pair for pair in pairs if pair.variant.is_shadow]
        self._total = sum(pair.variant.weight for pair in self._production)

    async def start(self) -> None:
        """Start all backends at once, and wait until all are healthy.

        Raises:
            LocalError: one did not become healthy; the others are ended.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for backend in self._backends.values():
                    group.create_task(backend.start())
        except BaseExceptionGroup as errors:
            await self.stop(0.0)
            raise errors.exceptions[0] from errors
        except BaseException:
            await self.stop(0.0)
            raise

    async def stop(self, patience: float) -> None:
        """End all backends when no request is with them any more, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()
        await asyncio.gather(*(backend.stop() for backend in self._backends.values()))

    async def clear(self) -> None:
        """Remove the files of all."""
        await asyncio.gather(*(backend.clear() for backend in self._backends.values()))

    @contextmanager
    def request(self) -> Iterator[None]:
        """A request is under way in the block: no backend is ended."""
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    def named(self, variant: str) -> Serving | None:
        """The production variant of this name."""
        return next((pair for pair in self._production if pair.variant.name == variant), None)

    def chosen(self) -> Serving | None:
        """A production variant by chance, as its weight is of all weights; None: all are 0."""
        if len(self._production) == 1:
            return self._production[0]
        left = random.random() * self._total
        for pair in self._production:
            left -= pair.variant.weight
            if left < 0:
                return pair
        return None

    def shadowing(self, production: Variant) -> list[Serving]:
        """The shadows that get a copy of this request."""
        return [
            pair
            for pair in self._shadows
            if pair.variant.weight > random.random() * production.weight
        ]
