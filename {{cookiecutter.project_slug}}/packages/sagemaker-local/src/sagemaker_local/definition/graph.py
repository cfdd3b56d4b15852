"""Which step waits for which, and which steps will never run.

A step waits for the steps that it references, those that it names in ``DependsOn``, and the
condition that it stands in. A step of a branch not taken, and whatever depends on it, is absent
from the execution: it never gets a status (the service's behaviour).
"""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import references
from sagemaker_local.errors import Refusal


def dependencies(step: Step) -> set[str]:
    """Names of the steps that ``step`` waits for."""
    names = {ref.name for ref in references(step.arguments) if ref.root == "Steps"}
    names.update(step.depends_on)
    if step.branch:
        names.add(step.branch.condition)
    return names


class Graph:
    """The state of one execution's order: what is ready, given what has ended."""

    def __init__(self, definition: Definition) -> None:
        self._steps = definition.steps
        self._waiting = {name: dependencies(step) for name, step in definition.steps.items()}
        self._dependents: dict[str, list[str]] = {name: [] for name in definition.steps}
        for name, needed in self._waiting.items():
            for other in needed:
                self._dependents[other].append(name)
        self._ready = [name for name, needed in self._waiting.items() if not needed]
        self.absent: set[str] = set()

    def take_ready(self) -> list[Step]:
        """Steps that may start now and were not given before, in the definition's order."""
        ready, self._ready = self._ready, []
        return [self._steps[name] for name in ready if name not in self.absent]

    def succeeded(self, name: str, outcome: bool | None = None) -> None:
        """Note a step's success; ``outcome`` is a condition's."""
        for dependent in self._dependents[name]:
            branch = self._steps[dependent].branch
            if branch and branch.condition == name and branch.outcome is not outcome:
                self.drop(dependent)
            else:
                self._release(dependent, name)

    def blocked(self, name: str) -> None:
        """Note that a step ended without success: nothing that depends on it will start."""
        for dependent in self._dependents[name]:
            self.drop(dependent)

    def drop(self, name: str) -> None:
        """Make a step, and whatever depends on it, absent."""
        pending = [name]
        while pending:
            current = pending.pop()
            if current not in self.absent:
                self.absent.add(current)
                pending.extend(self._dependents[current])

    def _release(self, name: str, finished: str) -> None:
        waiting = self._waiting[name]
        waiting.discard(finished)
        if not waiting and name not in self.absent:
            self._ready.append(name)


def cycles(definition: Definition) -> Iterator[Refusal]:
    """A refusal for each cycle of dependencies, which names the steps on it."""
    needs = {
        name: [other for other in sorted(dependencies(step)) if other in definition.steps]
        for name, step in definition.steps.items()
    }
    done: set[str] = set()
    for start in needs:
        cycle = _find_cycle(start, needs, done)
        if cycle:
            done.update(cycle)
            yield Refusal("", f"steps wait for each other: {' -> '.join(cycle)}")


def _find_cycle(start: str, needs: dict[str, list[str]], done: set[str]) -> list[str] | None:
    """Depth-first search without recursion: a definition may be thousands of steps long."""
    path: list[str] = []
    stack = [(start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            path.pop()
            done.add(name)
        elif name in path:
            return [*path[path.index(name) :], name]
        elif name not in done:
            path.append(name)
            stack.append((name, True))
            stack.extend((other, False) for other in needs[name])
    return None
