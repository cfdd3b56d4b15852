"""Symbolic links in what a job leaves: its own ``/opt/ml`` is nowhere once it has ended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import Host

_MOST_NAMES = 3


def below(folder: Path) -> Iterator[Path]:
    """The links in a folder, at any depth; the folder itself, if it is one."""
    if folder.is_symlink():
        yield folder
        return
    for path, folders, names in os.walk(folder):
        yield from (link for name in (*folders, *names) if (link := Path(path, name)).is_symlink())


def repoint(folder: JobFolder, container_path: str) -> None:
    """Have links to ``/opt/ml`` lead to the job's folder, as they did for the job.

    Args:
        folder: the job's.
        container_path: of the folder with the links.
    """
    for link in list(below(folder.here(container_path))):
        target = str(link.readlink())
        if (here := folder.rewrite(target)) != target:
            link.unlink()
            link.symlink_to(here)


def leave_out(what: str, hosts: Sequence[Host], container_path: str) -> None:
    """Take the links out of an output, and say so: they are not followed when it goes up.

    "How Amazon SageMaker Processing Configures Input and Output" in the Developer Guide.

    Args:
        what: of the job is in the folder.
        hosts: the job's.
        container_path: the folder's.
    """
    names = []
    for host in hosts:
        folder = host.folder.here(container_path)
        for link in list(below(folder)):
            name = link.relative_to(folder).as_posix()
            names.append(container_path if link == folder else name)
            link.unlink()
            folder.mkdir(exist_ok=True)
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        hosts[0].folder.say(
            f"{what} has symbolic links, and those are not followed when it goes up, neither here "
            f"nor on SageMaker: {', '.join(sorted(names)[:_MOST_NAMES])}{more}; copy the files"
        )
