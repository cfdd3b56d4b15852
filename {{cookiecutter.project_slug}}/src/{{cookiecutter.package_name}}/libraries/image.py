"""The image that jobs run in, as `runtime/constraints.txt` describes it."""

import re
from dataclasses import dataclass
from functools import cached_property

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name

from .. import paths
from ..errors import ProjectError

FILE = "runtime/constraints.txt"
FACT = re.compile(r"#\s*(image|python|platform):\s*(\S+)\s*$")
PYTHON = re.compile(r"3\.\d+")
PLATFORM = re.compile(r"manylinux_2_(?P<glibc>\d+)_(?P<machine>x86_64|aarch64)")
# Older names of the same platforms, which wheels still have.
LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class Image:
    """What pip and uv have to know of an image.

    Attributes:
        name: repository and tag, as they end the URI.
        python: its version, such as ``3.12``.
        glibc: of ``2.34``, the 34.
        machine: x86_64 or aarch64.
        held: the version of each library in it, by normalized name.
    """

    name: str
    python: str
    glibc: int
    machine: str
    held: dict[str, str]

    def __str__(self) -> str:
        return f"Python {self.python} on manylinux_2_{self.glibc}_{self.machine}"

    @property
    def platforms(self) -> list[str]:
        """The names of platforms that wheels for it may have, the best first."""
        names = []
        for minor in range(self.glibc, 4, -1):
            names.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in LEGACY:
                names.append(f"{LEGACY[minor]}_{self.machine}")
        return [*names, f"linux_{self.machine}"]

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Those of wheels that can be installed in it."""
        version = tuple(map(int, self.python.split(".")))
        abi = "cp" + "".join(map(str, version))
        own = cpython_tags(version, [abi], self.platforms)
        return frozenset([*own, *compatible_tags(version, abi, self.platforms)])

    def version(self, wanted: Requirement) -> str | None:
        """In which it holds a library; None: it does not."""
        return self.held.get(canonicalize_name(wanted.name))

    def needs(self, wanted: Requirement, extra: str = "") -> bool:
        """Whether a requirement's marker is true in it."""
        return wanted.marker is None or wanted.marker.evaluate(
            {
                **{name: str(value) for name, value in default_environment().items()},
                "python_version": self.python,
                "python_full_version": f"{self.python}.0",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "os_name": "posix",
                "sys_platform": "linux",
                "platform_system": "Linux",
                "platform_machine": self.machine,
                "extra": extra,
            }
        )


def read() -> Image:
    """The image of ``runtime/constraints.txt``.

    Raises:
        ProjectError: it does not say which image that is, or has other lines than versions.
    """
    file = paths.RUNTIME / "constraints.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    facts = {found[1]: found[2] for line in lines if (found := FACT.match(line))}
    platform = PLATFORM.fullmatch(facts.get("platform", ""))
    if not platform or not PYTHON.fullmatch(facts.get("python", "")) or "image" not in facts:
        raise ProjectError(
            f"{FILE} should say which image it describes, in three lines such as "
            "`# image: sagemaker-xgboost:3.2-0`, `# python: 3.12` and "
            "`# platform: manylinux_2_34_x86_64`"
        )
    machine = platform["machine"]
    return Image(facts["image"], facts["python"], int(platform["glibc"]), machine, held(lines))


def held(lines: list[str]) -> dict[str, str]:
    """Versions by normalized name; ProjectError for a line that says none."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text or " @ " in text:  # `pip freeze` tells of some only where they came from
            continue
        name, equal, version = text.partition("==")
        if not equal:
            raise ProjectError(
                f"{FILE} line {number} is {text!r}; it should be a library of the image in its "
                "version, such as numpy==2.1.0"
            )
        found[canonicalize_name(name.strip())] = version.strip()
    return found
