"""`runtime/requirements.txt`: read strictly, and compared with what is here and in the image."""

from packaging.requirements import InvalidRequirement, Requirement

from .. import paths
from ..errors import ProjectError
from .image import Image

FILE = "runtime/requirements.txt"
ADVICE = "write one library a line, such as lightgbm>=4.6; pip's options have no place there"


def read() -> list[Requirement]:
    """The libraries that are asked for; ProjectError where a line is no requirement."""
    file = paths.RUNTIME / "requirements.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.partition(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        try:
            found.append(Requirement(text))
        except InvalidRequirement:
            raise ProjectError(f"{FILE} line {number} is {text!r}; {ADVICE}") from None
        if found[-1].url:
            raise ProjectError(f"{FILE} line {number} asks for a URL; {ADVICE}")
    return found


def missing(wanted: list[Requirement]) -> list[str]:
    """A sentence on what this environment lacks."""
    paths.make_runtime_importable()
    from tabular import libraries

    phrases = libraries.missing([str(each) for each in wanted])
    return [f"{FILE} asks for {' and '.join(phrases)} here: make setup"] if phrases else []


def clashes(wanted: list[Requirement], image: Image) -> list[str]:
    """A sentence for each library that would have to be exchanged in the image."""
    return [
        f"{FILE} asks for {each}, but {image.name} holds {each.name} {version}, on which its "
        "other libraries are built: ask for that one, or use an image of your own"
        for each in wanted
        if (version := image.version(each)) is not None
        and image.needs(each)
        and not each.specifier.contains(version, prereleases=True)
    ]
