"""How much memory a job may still use."""

from pathlib import Path

# Of the container that this runs in, by either version of control groups: limit and use.
GROUPS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def available() -> float:
    """Bytes that are free for use, where the system says so (Linux); else as many as you like."""
    facts = _read(Path("/proc/meminfo"))
    lines = [line.split()[1] for line in facts.splitlines() if line.startswith("MemAvailable:")]
    free = float(lines[0]) * 1024 if lines else float("inf")
    for limit, used in GROUPS:
        most, now = (_read(Path("/sys/fs/cgroup", name)).strip() for name in (limit, used))
        if most.isdigit() and now.isdigit():
            free = min(free, float(most) - float(now))
    return free


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
