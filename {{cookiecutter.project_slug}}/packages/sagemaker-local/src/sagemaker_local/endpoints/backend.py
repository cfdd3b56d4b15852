"""A process that serves one variant: started, asked for its health, started again, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import aiohttp
from sagemaker_local.endpoints.program import Program
from sagemaker_local.errors import LocalError
from sagemaker_local.processes import container_paths, leftovers, with_parent
from sagemaker_local.processes.runner import Command
from yarl import URL

_HOST = "127.0.0.1"
_PING_SECONDS = 2.0  # within which a container answers
_POLL_SECONDS = 0.02
_GRACE_SECONDS = 8.0  # from being told to end to being killed
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
# Idle connections are given up before a server would close them under a request.
_IDLE_SECONDS = 2.0
_MOST_CONNECTIONS = 100
# How many ports are tried, and what a program says of one that somebody took meanwhile.
_PORTS, _TAKEN = 3, "ddress already in use"

logger = logging.getLogger(__name__)


class BackendError(LocalError):
    """A program that did not become healthy."""


class Backend:
    """See the module.

    Args:
        program: what serves.
        startup_seconds: after which it must be healthy.

    Attributes:
        is_healthy: it answers.
    """

    def __init__(self, program: Program, startup_seconds: float) -> None:
        self.is_healthy = False
        self._program = program
        self._startup_seconds = startup_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._marked: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._url = URL()
        self._watch: asyncio.Task[None] | None = None

    @property
    def log(self) -> Path:
        return self._program.folder.log

    @property
    def docs(self) -> str:
        """Where the program describes itself to a browser, if it does."""
        return str(self._url.with_path("/docs"))

    async def start(self) -> None:
        """Start the program, and wait until it is healthy; it is kept so from then on.

        Raises:
            LocalError: its files cannot be had, it ended, or it took too long.
        """
        await asyncio.to_thread(self._program.prepare)
        await self._launch()
        self._watch = asyncio.create_task(self._keep())

    def invoke(
        self, body: bytes, headers: dict[str, str], seconds: float
    ) -> aiohttp.client._RequestContextManager:
        """Send a request to ``/invocations``."""
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=seconds)
        return self._session.post(self._url, data=body, headers=headers, timeout=timeout)

    async def stop(self) -> None:
        """End the program, and whatever it started."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._end()

    async def clear(self) -> None:
        """Remove its files; its log stays."""
        await asyncio.to_thread(self._program.clear)

    async def _launch(self) -> None:
        """Start the program at a port that is free, and still is when the program wants it."""
        for attempt in range(_PORTS):
            try:
                await self._launch_at(_free_port())
                return
            except BackendError as error:
                if attempt == _PORTS - 1 or _TAKEN not in str(error):
                    raise

    async def _launch_at(self, port: int) -> None:
        command = await asyncio.to_thread(self._program.command, port)
        self._marked = leftovers.mark()
        ml = await asyncio.to_thread(_placed, command)
        self._process = await _started(command, ml, self._marked)
        self._url = URL(f"http://{_HOST}:{port}/invocations")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=_MOST_CONNECTIONS, keepalive_timeout=_IDLE_SECONDS
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
        )
        try:
            async with asyncio.timeout(self._startup_seconds):
                await self._become_healthy(self._process, f"http://{_HOST}:{port}/ping")
        except TimeoutError:
            await self._end()
            raise BackendError(
                "The container did not pass the ping health check within "
                f"{self._startup_seconds:g} seconds (log: {self._program.folder.log})."
            ) from None
        except BaseException:
            await self._end()
            raise

    async def _become_healthy(self, process: asyncio.subprocess.Process, url: str) -> None:
        while not self.is_healthy:
            if process.returncode is not None:
                folder = self._program.folder
                last = await asyncio.to_thread(folder.last_words)
                raise BackendError(
                    "The container did not pass the ping health check: its program ended with "
                    f"code {process.returncode}: {last[:600]} (log: {folder.log})."
                )
            self.is_healthy = await self._ping(url)
            if not self.is_healthy:
                await asyncio.sleep(_POLL_SECONDS)

    async def _ping(self, url: str) -> bool:
        assert self._session is not None
        with suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=_PING_SECONDS)
            async with self._session.get(url, timeout=timeout) as answer:
                return answer.status == 200
        return False

    async def _keep(self) -> None:
        """Start the program again whenever it ends, after ever longer pauses."""
        pause = _FIRST_PAUSE
        while True:
            assert self._process is not None
            code = await self._process.wait()
            self.is_healthy = False
            logger.error(
                "%s ended with code %s; it is started again", self._program.folder.log, code
            )
            while not self.is_healthy:
                await self._end()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                try:
                    await self._launch()
                except (LocalError, OSError) as error:
                    logger.error("%s", error)
            pause = _FIRST_PAUSE

    async def _end(self) -> None:
        self.is_healthy = False
        if self._session is not None:
            await self._session.close()
        process, self._process = self._process, None
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            await process.wait()
        await asyncio.to_thread(leftovers.end, self._marked)


def _placed(command: Command) -> str:
    """The folder that the program finds at ``/opt/ml``; empty: its code names the folder."""
    if command.paths is None:
        return ""
    return command.paths.placed(command.log, container_paths.kernel_refusal)


async def _started(command: Command, ml: str, marked: dict[str, str]) -> asyncio.subprocess.Process:
    with command.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *with_parent.command(command.full_argv(), ml),
            cwd=command.cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=command.full_environment() | marked,
            start_new_session=os.name != "nt",
        )


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
