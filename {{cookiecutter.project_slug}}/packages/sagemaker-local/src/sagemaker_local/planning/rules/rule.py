"""What a rule of the service is: what it says, where that is written or was seen, how it is asked.

To add one: a function that yields a sentence for each place that breaks it, and a row in the
``RULES`` of the file of its subject. The sentence begins with the member's path. Expressions whose
values are not known yet stand in the arguments as they are; the rule is asked again when they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagemaker_local.definition.document import Definition
from sagemaker_local.errors import Refusal

Arguments = dict[str, Any]

# The sources that many rules have.
GUIDE = "SageMaker Developer Guide"
SDK = "aws/sagemaker-python-sdk"


class Outcome(Enum):
    """What becomes of a definition that breaks a rule.

    ``AT_START``: the service keeps such a pipeline, and refuses the request when the step starts;
    here a start is refused. ``NOTICED``: sources differ, or nobody was seen to be refused; it runs
    here, and a notice says so.
    """

    REFUSED = "refused"
    AT_START = "refused when it starts"
    NOTICED = "run, with a notice"


@dataclass(frozen=True)
class RequestRule:
    """A rule about one step's arguments, which are a request to the service.

    Attributes:
        what: the rule.
        source: where it is written or was seen.
        steps: the types of the steps, or EndpointConfig, Endpoint and AddTags, which no step
            makes. A Tuning step's TrainingJobDefinition is asked what a Training step is.
        check: gives a sentence for each place in the arguments that breaks it.
    """

    what: str
    source: str
    steps: tuple[str, ...]
    check: Callable[[Arguments], Iterator[str]]
    outcome: Outcome = Outcome.REFUSED


@dataclass(frozen=True)
class PipelineRule:
    """A rule about a definition as a whole; ``check`` gives a refusal for each place."""

    what: str
    source: str
    check: Callable[[Definition], Iterator[Refusal]]
    outcome: Outcome = Outcome.REFUSED


@dataclass(frozen=True)
class RuleElsewhere:
    """A rule that stands here for the table only; ``module`` asks it."""

    what: str
    source: str
    module: str
    outcome: Outcome = Outcome.REFUSED


Rule = RequestRule | PipelineRule | RuleElsewhere

_NAMED = 5


@dataclass(frozen=True)
class Doubt:
    """A rule that is noticed, and the places that break it."""

    rule: RequestRule | PipelineRule
    places: tuple[Refusal, ...]

    def __str__(self) -> str:
        places = [str(place) for place in self.places[:_NAMED]]
        if len(self.places) > _NAMED:
            places.append(f"and {len(self.places) - _NAMED} more")
        return f"{'; '.join(places)} ({self.rule.source})"


def repeated(names: Iterable[Any]) -> Iterator[tuple[str, int]]:
    """The names that are there more than once, and how often; an expression is no name yet."""
    for name, count in Counter(name for name in names if isinstance(name, str)).items():
        if count > 1:
            yield name, count


def at_step(name: str) -> str:
    """Where a refusal is."""
    return f"step {name!r}"
