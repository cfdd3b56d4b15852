"""What of a step runs here, what is accepted without effect; all else is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sagemaker_local.errors import did_you_mean, unknown_property

# Maps whose keys are a person's own names.
_DATA = ("Environment", "HyperParameters", "StaticHyperParameters", "CustomerMetadataProperties")
_NEVER = object()


class Support(Enum):
    """How a member of a request is taken.

    ``RUN`` changes what happens, ``IGNORED`` has no meaning on one machine (instance types, roles,
    networks, encryption).
    """

    RUN = "run"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True)
class Settings:
    """The members of a step's ``Arguments``, which are the service's Create request.

    Attributes:
        members: those at the top that are not refused, and how each is taken.
        ignored_below: names deeper inside that have no meaning on one machine.
        ignored_values: names deeper inside of which one value has none.
        parts: members whose own members are such settings too.
        instead: what to do about a member that is refused, where there is something to say.
    """

    members: Mapping[str, Support]
    ignored_below: Collection[str] = ()
    ignored_values: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Settings] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)

    def named(self, support: Support) -> list[str]:
        """The members that are taken in this way."""
        return [name for name, how in self.members.items() if how is support]

    def refusals(
        self, arguments: Mapping[str, Any], request: Collection[str] = ()
    ) -> Iterator[str]:
        """A sentence for each member that is refused; one that ``request`` has not is unknown."""
        for name in sorted(set(arguments) - set(self.members)):
            if request and name not in request:
                yield unknown_property(name, set(request) - set(arguments))
            elif name in self.instead:
                yield f"the argument {name} is not run locally; {self.instead[name]}"
            else:
                hint = "" if request else did_you_mean(name, self.members)
                yield f"the argument {name} is not run locally{hint}"

    def ignored_in(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        """Names of the settings in ``arguments`` that have no effect."""
        yield from (name for name in arguments if self.members.get(name) is Support.IGNORED)
        yield from self._below(arguments)
        for name, settings in self.parts.items():
            if isinstance(arguments.get(name), dict):
                yield from settings.ignored_in(arguments[name])

    def _below(self, value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for name, item in value.items():
                if name in self.ignored_below or item == self.ignored_values.get(name, _NEVER):
                    yield name
                yield from self._below(item) if name not in _DATA else ()
        elif isinstance(value, list):
            for item in value:
                yield from self._below(item)


def table(run: str, ignored: str = "") -> dict[str, Support]:
    """A table of members, from their names with blanks between them."""
    return dict.fromkeys(run.split(), Support.RUN) | dict.fromkeys(ignored.split(), Support.IGNORED)
