"""The hosts of one job: each is a process of this machine, with a folder and an address of its own.

They are called as the service calls them, ``algo-1`` and so on. The first host's folder is the
job's; another one's is a folder of its name in there.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from filecmp import cmp
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from sagemaker_local.errors import JobKilled, StepFailure
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.processes.container_paths import ROOT
from sagemaker_local.processes.forkserver import hostnames
from sagemaker_local.processes.group import Group
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.storage.content import files_below

SHARDED = "ShardedByS3Key"
FIRST = "algo-1"
_STARTUP = Path(hostnames.__file__).with_name("startup")
_ALL = (f"{ROOT}/",)
_LOOPBACK = "127.0.0.1"
_SETTLING_SECONDS = 0.5
_NETWORK = int(IPv4Address("127.0.0.0"))
# Each job has a block of so many addresses, so that hosts of two jobs may listen on one port.
_BLOCK = 1 << 8
_BLOCKS = 1 << 16


@dataclass(frozen=True)
class Host:
    """One host of a job.

    Attributes:
        name: ``algo-1`` and so on.
        number: 0 for the first.
        names: of all hosts of the job, sorted as the service sorts them.
        folder: its own ``/opt/ml`` and log.
    """

    name: str
    number: int
    names: tuple[str, ...]
    folder: JobFolder

    @property
    def rank(self) -> int:
        """Its place among the sorted names."""
        return self.names.index(self.name)

    def share(self, distribution: Any) -> tuple[int, int] | None:
        """Which objects of an input it gets: those of its turn of so many; None: all of them."""
        return (self.number, len(self.names)) if distribution == SHARDED else None

    def resource_config(self, instance_type: str) -> dict[str, Any]:
        """Its ``resourceconfig.json``."""
        return {
            "current_host": self.name,
            "current_instance_type": instance_type,
            "current_group_name": "homogeneousCluster",
            "hosts": list(self.names),
            "network_interface_name": "lo",
        }


def hosts_of(folder: JobFolder, count: int) -> tuple[Host, ...]:
    """The hosts of a job.

    Args:
        folder: the job's.
        count: how many there are.
    """
    given = [f"algo-{number + 1}" for number in range(count)]
    names = tuple(sorted(given))
    return tuple(
        Host(name, number, names, folder.of_host(name) if number else folder)
        for number, name in enumerate(given)
    )


def run_all(hosts: Sequence[Host], launch: Launch, run: Callable[[Host, Launch], None]) -> None:
    """Run every host's program at once; the first that fails stops the others.

    Args:
        hosts: of one job.
        launch: starts a program and waits for it.
        run: runs one host's, with a function that launches it among the others.

    Raises:
        Exception: the first failure; of several hosts, a StepFailure names its host.
    """
    if len(hosts) == 1:
        run(hosts[0], launch)
        return
    group = Group()
    failures: list[BaseException] = []
    addresses = _addresses(hosts)

    def run_one(host: Host) -> None:
        def launch_it(command: Command) -> int:
            return launch(_joined(command, host, addresses, group))

        try:
            run(host, launch_it)
        except StepFailure as failure:
            failures.append(type(failure)(f"host {host.name}: {failure}"))
            raise
        except BaseException as error:
            failures.append(error)
            raise

    with ThreadPoolExecutor(len(hosts), "host") as pool:
        ended = [pool.submit(run_one, host) for host in hosts]
        try:
            wait(ended, return_when=FIRST_EXCEPTION)
            # What waited for a host that was killed may have been seen to fail before it.
            wait(ended, timeout=_SETTLING_SECONDS)
        finally:  # a person's interrupt ends the wait only
            own = list(failures)
            group.stop()
    if own:
        raise next((each for each in own if isinstance(each, JobKilled)), own[0])


def _joined(command: Command, host: Host, addresses: Mapping[str, str], group: Group) -> Command:
    """A host's command: what it starts finds the other hosts by their names."""
    inherited = command.environment.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    path = os.pathsep.join(filter(None, [str(_STARTUP), inherited]))
    environment = {
        **command.environment,
        **hostnames.variable(host.name, addresses),
        "PYTHONPATH": path,
    }
    return replace(
        command,
        environment=environment,
        groups=(*command.groups, group),
        side_by_side=command.side_by_side * len(addresses),
    )


def _addresses(hosts: Sequence[Host]) -> dict[str, str]:
    """The addresses of a job's hosts by their names.

    On Linux and Windows all of 127.0.0.0/8 is this machine; where it is not, as on a Mac, all hosts
    have one address, and cannot listen on the same port.
    """
    digest = hashlib.sha256(str(hosts[0].folder.path).encode()).digest()
    first = _NETWORK + _BLOCK * (1 + int.from_bytes(digest) % (_BLOCKS - 2))
    found = [str(IPv4Address(first + host.number)) for host in hosts]
    several = all(_is_here(address) for address in (found[0], found[-1]))
    return {
        host.name: address if several else _LOOPBACK
        for host, address in zip(hosts, found, strict=True)
    }


def _is_here(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def differing(folders: Mapping[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Names that several hosts have given to files that differ, and those hosts.

    Args:
        folders: by host.
    """
    found: dict[str, dict[str, Path]] = {}
    for host, folder in folders.items():
        for file, name in files_below(folder):
            found.setdefault(name, {})[host] = file
    for name, files in found.items():
        first, *others = files.values()
        if any(not cmp(first, other, shallow=False) for other in others):
            yield name, list(files)


def say_differing(what: str, hosts: Sequence[Host], container_path: str) -> None:
    """Say, in a notice and in the log, which files of several hosts are left of one only.

    On the service that is whichever host is the last to write, here the last one of those that
    have it.
    """
    if len(hosts) == 1:
        return
    for name, names in differing({h.name: h.folder.here(container_path) for h in hosts}):
        told = (
            f"{what}: {' and '.join(names)} have each written {name}, and differently; that of "
            f"{names[-1]} is kept, on SageMaker any of them. Put the host's name into the file's"
        )
        hosts[0].folder.say(told)


def say_if_empty(
    what: str,
    hosts: Sequence[Host],
    container_path: str,
    own: tuple[str, ...],
    roots: Sequence[str] = _ALL,
    log: bool = True,
) -> None:
    """``JobFolder.say_empty`` where no host of a job wrote anything; see ``astray``."""
    if all(next(files_below(h.folder.here(container_path)), None) is None for h in hosts):
        hosts[0].folder.say_empty(what, container_path, astray(hosts, own, roots), log)


def astray(hosts: Sequence[Host], own: tuple[str, ...], roots: Sequence[str] = _ALL) -> str:
    """A file that a job wrote to none of its folders; empty: there is none.

    Args:
        hosts: the job's.
        own: what the paths of its folders begin with.
        roots: the folders that are looked through, in this order.
    """
    for root in roots:
        for host in hosts:
            for _, name in files_below(host.folder.here(root)):
                if not f"{root}{name}".startswith(own):
                    return f"{root}{name}"
    return ""
