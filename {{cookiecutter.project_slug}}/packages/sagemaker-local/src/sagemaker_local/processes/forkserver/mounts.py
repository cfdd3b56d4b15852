"""A process's own ``/opt/ml``: a mount namespace in which it is a job's folder (Linux).

Nothing is written to the machine's ``/opt``: where it has no folder ``ml``, the namespace's is a
file system in memory into which everything that the machine's has is bound.

Run as a script, it prints why this system refuses; nothing, if it does not.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys

_OPT, _ML = "/opt", "/opt/ml"
_INSIDE = ".root"
# <linux/sched.h>, <linux/mount.h>, <linux/capability.h>
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_BIND = 4096
_MS_REC = 16384
_MS_SLAVE = 1 << 19
_CAPABILITIES = 0x20080522

_c = ctypes.CDLL(None, use_errno=True)


class RefusedError(Exception):
    """The kernel refused what others of this machine's processes were given."""


def enter(folder: str, root: str = "") -> None:
    """Have this process, and what it starts, find ``folder`` at ``/opt/ml``.

    The process has one thread. It keeps its user and group, and gains no rights.

    Args:
        folder: a path that is not below ``/opt/ml``.
        root: where to mount ``folder`` once more, to work in it as in a container's ``/``; made
            if absent. Empty: stay.

    Raises:
        RefusedError: the kernel refuses; the process may be half changed, and is of no more use.
    """
    try:
        _enter(folder, root)
    except OSError as error:
        raise RefusedError(f"No /opt/ml of its own for this process: {error.strerror}") from error


def _enter(folder: str, root: str = "") -> None:
    _leave_the_machines_mounts()
    # In the new namespace: what was opened before belongs to the old one.
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    if not _is_folder(_ML):
        _furnish_opt()
    _bind(opened, _ML)
    if root:
        _work_in(opened, root)
    os.close(opened)
    if os.geteuid() != 0:
        _give_up_capabilities()


def refusal() -> str:
    """Why ``enter`` would fail in this process; empty: it would not. A child tries it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _enter(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no pathlib import cost
        except OSError as error:
            os.write(writing, (error.strerror or repr(error)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as said:  # noqa: PTH123
        reason = said.read().decode()
    os.waitpid(pid, 0)
    return reason


def _leave_the_machines_mounts() -> None:
    """The super-user needs no user namespace, in which other users' files would be nobody's."""
    user, group = os.geteuid(), os.getegid()
    if user == 0 and _c.unshare(_CLONE_NEWNS) == 0:
        _mount(None, "/", _MS_REC | _MS_SLAVE)  # or what is mounted here would appear there
        return
    _checked(_c.unshare(_CLONE_NEWUSER | _CLONE_NEWNS), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _furnish_opt() -> None:
    """Cover ``/opt`` with a file system in memory that has its entries, and an empty ``ml``."""
    covered = os.open(_OPT, os.O_RDONLY | os.O_DIRECTORY)
    _mount("tmpfs", _OPT, 0, "tmpfs", "mode=755")
    for name in os.listdir(covered):  # noqa: PTH208
        if f"{_OPT}/{name}" != _ML:
            _place(covered, name)
    os.close(covered)
    os.mkdir(_ML)  # noqa: PTH102


def _work_in(opened: int, root: str) -> None:
    """Go where ``..`` is this very folder, and ``opt/ml`` is below it.

    A folder that is mounted below itself is its own parent. Of the machine it has nothing else: a
    script that writes to ``data/`` in a container's ``/`` must not find this machine's. By its
    other names the folder has two empty ones more.
    """
    inside = f"{root}/{_INSIDE}"
    for path in (root, f"{_ML}/{_INSIDE}", f"{_ML}{_OPT}"):
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
    _bind(opened, root)
    _bind(opened, inside)
    _mount(_OPT, f"{inside}{_OPT}", _MS_BIND | _MS_REC)
    os.chdir(inside)


def _place(covered: int, name: str) -> None:
    mode = os.stat(name, dir_fd=covered, follow_symlinks=False).st_mode
    target = f"{_OPT}/{name}"
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=covered), target)  # noqa: PTH211
        return
    if stat.S_ISDIR(mode):
        os.mkdir(target)  # noqa: PTH102
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    _bind(covered, target, f"/{name}")


def _bind(opened: int, target: str, below: str = "") -> None:
    """By its number: the path may lie below what is covered already."""
    _mount(f"/proc/self/fd/{opened}{below}", target, _MS_BIND | _MS_REC)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _mount(source: str | None, target: str, flags: int, kind: str = "", options: str = "") -> None:
    given = [text.encode() if text else None for text in (source, target, kind, options)]
    done = _c.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), given[3])
    _checked(done, f"mount at {target}")


def _give_up_capabilities() -> None:
    """With those of its namespace, a job could write to files that are read-only for its user."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    _checked(_c.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _checked(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


if __name__ == "__main__":
    sys.stdout.write(refusal())
