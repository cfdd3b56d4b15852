"""Whether jobs will have their libraries, asked before anything starts."""

from collections.abc import Iterable

from ..errors import ProjectError
from . import image, requirements, resolution, wheels


def check_libraries(here: bool, image_uri: str = "") -> str:
    """Whether every job will have its libraries; costs nothing where none is asked for.

    Args:
        here: jobs run in this environment; else in the image.
        image_uri: of the jobs; empty: the image that `runtime/constraints.txt` describes.

    Returns:
        What was found, as one line.

    Raises:
        ProjectError: a library is missing here, clashes with the image, or has no wheel for it.
    """
    wanted = requirements.read()
    if not wanted:
        return "jobs have the libraries of their image, and no others"
    described = image.read()
    refuse(requirements.clashes(wanted, described))
    found = wheels.present()
    if found:
        refuse(wheels.problems(wanted, described, found))
    if here:
        refuse(requirements.missing(wanted))
        return f"installed here: {', '.join(map(str, wanted))}"
    refuse(other_image(described, image_uri))
    if found:
        return f"jobs install {', '.join(wheel.file.name for wheel in found)}"
    return f"jobs install {', '.join(resolution.pins(wanted, described)) or 'nothing'}"


def refuse(problems: Iterable[str]) -> None:
    """Raise a ProjectError with all problems, if there are any."""
    if found := list(problems):
        raise ProjectError("; ".join(found))


def other_image(described: image.Image, uri: str) -> list[str]:
    """A sentence where the described image is not the one that jobs use."""
    if not uri or uri.rpartition("/")[2] == described.name:
        return []
    return [
        f"{image.FILE} describes {described.name}, but jobs run in {uri}: put what that image "
        "holds there (its `pip freeze`), with its name, Python and platform above"
    ]
