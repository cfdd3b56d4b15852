"""What the engine knows of an algorithm of SageMaker's that runs here without a script."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True)
class Question:
    """A training job, as an algorithm is asked whether it takes it.

    Attributes:
        image: its URI.
        channels: their content types by name, where they have one.
        settings: the texts of hyperparameters.
        later: names of hyperparameters whose texts are not known yet.
    """

    image: str
    channels: Mapping[str, Any]
    settings: Mapping[str, Any]
    later: Collection[str]


@dataclass(frozen=True)
class BuiltIn:
    """An algorithm.

    Attributes:
        name: as in "SageMaker's XGBoost algorithm".
        training: the module of ``algorithms`` that trains.
        serving: the module that answers for its models.
        libraries: the distributions that both need, with the names that they are imported by.
        objectives: the metrics that a search may look at.
        tunable: the hyperparameters that a search may vary.
        refusals: why it does not take a job, in the words of its image or guide.
        version: of an image's URI, as in ``1.7``.
        metrics_in: the metrics that the service finds in a line of the log.
        line: a line of the log in which it finds a metric.
        accept: the type of its answers where nobody asks for one.
        batch_accept: the same of a transform job.
        says: how it is told that it refuses.
        several_hosts: does it train on several?
        definitions: the regular expressions of its metrics, by name, that a described job has, as
            far as they are known.
        notice: what its results are, if they are not those of its image.
    """

    name: str
    training: str
    serving: str
    libraries: Mapping[str, str]
    objectives: tuple[str, ...]
    tunable: tuple[str, ...]
    refusals: Callable[[Question], Iterator[str]]
    version: Callable[[str], str]
    metrics_in: Callable[[str], Iterable[tuple[str, float]]]
    line: Callable[[str], str]
    accept: str = "text/csv"
    batch_accept: str = "text/csv"
    says: str = "says"
    several_hosts: bool = False
    definitions: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    def missing(self) -> Iterator[str]:
        """A sentence for each library that is not installed here."""
        for distribution, module in self.libraries.items():
            if find_spec(module) is None:
                yield (
                    f"SageMaker's {self.name} algorithm runs here with {distribution}, which is "
                    f"not installed; install {distribution}"
                )
