"""What a step type is. Each one is a class in a file of its own, and a row in ``step_types``."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_local import service_model
from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition import shapes
from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import Reference
from sagemaker_local.definition.shapes import EXPRESSION_TYPES, Known
from sagemaker_local.definition.support import Settings, Support, table
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.processes.runner import Launch
from sagemaker_local.registry.packages import Registry
from sagemaker_local.storage.store import Document, Store

# What a Lambda step calls: a function, or its place as ``module:handler``, by its ARN or name.
Handler = Callable[..., Any]
Functions = Mapping[str, "Handler | str"]

# Members that every step may have beside its arguments.
EVERY_MEMBER = ("DependsOn", "DisplayName", "Description")


@dataclass(frozen=True)
class StepResult:
    """A step that succeeded.

    Attributes:
        described: what ``Steps.<name>.<path>`` refers to.
        metadata: what the list of steps shows.
        outcome: a condition's; None for other steps.
    """

    described: Document
    metadata: Document
    outcome: bool | None = None


@dataclass(frozen=True)
class StepState:
    """Where steps leave what they made, and where later ones find it."""

    store: Store
    jobs: Jobs
    registry: Registry


@dataclass(frozen=True)
class StepContext:
    """What a running step has.

    Attributes:
        state: where it leaves what it makes.
        execution_id: of its execution; names that it gives begin with it.
        launch: starts a program and waits for it.
        created: told what the list of steps shows of it, before its job runs.
        functions: what Lambda steps call, and what answers callbacks.
        execution_arn: of its execution.
        pause: waits for so many seconds, unless the execution is stopped meanwhile.
    """

    state: StepState
    execution_id: str
    launch: Launch
    created: Callable[[Document], None] = lambda metadata: None
    functions: Functions = field(default_factory=dict)
    execution_arn: str = ""
    pause: Callable[[float], None] = time.sleep


class StepType(ABC):
    """One type of step; what a subclass leaves as it is here means that it has nothing special.

    Attributes:
        name: its ``Type``.
        settings: the members of its arguments; None: they are data of the step's own.
        members: those beside its arguments, and how each is taken; all have ``EVERY_MEMBER``.
        request: the service's shape of its arguments; empty: none.
        response: the shape that ``Steps.<name>.<path>`` walks; empty: none.
        given: members of the request that the engine gives itself.
        made_of: members of the response that list what is at another place of the request.
        lists: shapes of List responses that a path may walk too, by their member.
        name_variable: the execution variable that is its job's name, in its own arguments.
        metadata: the member that tells of it in a list of steps.
        instant: it starts no program: what it makes and its ending are one write to the state.
        ends_execution: nothing starts after it, and nothing can wait for it.
    """

    name: str
    settings: Settings | None = None
    members: Mapping[str, Support] = table("RetryPolicies")
    request: str = ""
    response: str = ""
    given: Collection[str] = ()
    made_of: Mapping[str, tuple[str, ...]] = {}
    lists: Mapping[str, str] = {}
    name_variable: str = ""
    metadata: str
    instant: bool = True
    ends_execution: bool = False

    def support(self, member: str) -> Support:
        """How a member beside the arguments is taken."""
        if member in EVERY_MEMBER:
            return Support.RUN
        return self.members.get(member, Support.REFUSED)

    @property
    def argument_names(self) -> Collection[str]:
        """Every member of the request that the arguments are; empty: they are none."""
        return service_model.members(self.request) if self.request else ()

    @property
    def cached(self) -> bool:
        """Whether results may be reused; such a type overrides ``sign``."""
        return self.support("CacheConfig") is Support.RUN

    def shape_refusals(
        self, arguments: dict[str, Any], known: Known | None = None
    ) -> Iterator[str]:
        """What in a step's arguments has not the shape of the request, or no value it allows.

        Args:
            arguments: the step's, resolved or not.
            known: of the expressions in them.
        """
        if self.request:
            filled = self.with_role(arguments, shapes.SOME_VALUE)
            yield from shapes.shape_refusals(self.request, filled, self.given, known)

    def with_role(self, arguments: dict[str, Any], role: Any) -> dict[str, Any]:
        """The arguments with the pipeline's role where a job must have one and they name none.

        Source: SageMaker Developer Guide, "IAM Access Management": by default, each step takes on
        the pipeline execution role.
        """
        return arguments

    def sound(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments without what is of another type than the request's."""
        return shapes.sound(self.request, arguments) if self.request else arguments

    def member_refusals(self, step: Step, functions: Collection[str] | None) -> Iterator[str]:
        """Why what stands beside a step's arguments cannot be run.

        Args:
            step: the step.
            functions: names or ARNs of the Lambda functions that a session knows; None: any may be.
        """
        yield from ()

    def refusals(self, step: Step) -> Iterator[str]:
        """Why a step's arguments cannot be run; their shape is right already."""
        yield from ()

    def refusals_among(self, step: Step, definition: Definition) -> Iterator[str]:
        """Why a step cannot run with the steps before it; by itself it could."""
        yield from ()

    def property_refusals(self, step: Step, reference: Reference) -> Iterator[str]:
        """Why a reference to a step's properties, property files apart, finds nothing."""
        if not self.response:
            yield f"{reference.text}: a {self.name} step has no properties"
            return
        first, path = reference.path[:1], reference.path
        shape = self.lists.get(str(*first), self.response)
        missing = service_model.missing_member(shape, path)
        if missing is not None:
            yield f"{reference.text}: a {self.name} step has no property {missing!r} there"
            return
        path = (*self.made_of.get(str(*first), first), *path[1:])
        key = shapes.missing_key(self.request, step.arguments, path)
        if key is not None:
            yield f"{reference.text}: step {step.name!r} has no {key!r} there"

    def property_type(self, step: Step, reference: Reference) -> str | None:
        """The type of what a reference to a step's properties finds; None: not known."""
        if not self.response:
            return None
        shape = self.lists.get(str(*reference.path[:1]), self.response)
        found = service_model.shape_at(shape, reference.path)
        return EXPRESSION_TYPES.get(found.type_name) if found else None

    @abstractmethod
    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        """Run a step, its arguments resolved, to its end.

        Raises:
            LocalError: it failed; the text says why.
        """

    def outcome(self, arguments: dict[str, Any]) -> bool | None:
        """Which branch a step takes that has branches; its arguments are resolved."""
        return None

    @abstractmethod
    def result(self, value: Any, state: StepState) -> StepResult | None:
        """The result of a step that ended in this process or an earlier one.

        Args:
            value: of its ``metadata`` in the list of steps.
            state: where it left what it made.

        Returns:
            None: what it made is gone, or was never finished.
        """

    def taken_over(self, step: Step, result: StepResult) -> StepResult | None:
        """An earlier result for a step as it is defined now; None: it is of no use to it."""
        return result

    def failure(self, message: str) -> Document:
        """What the list of steps shows of a step that failed, beside its job."""
        return {}

    def sign(self, signing: Signing, arguments: dict[str, Any]) -> None:
        """Add what makes a step's result to a signature, its arguments resolved."""
        raise NotImplementedError(f"results of {self.name} steps are not reused")

    def written(self, result: StepResult, state: StepState) -> Mapping[str, Path | None]:
        """URIs of the objects that a step wrote, and the files that they are copies of."""
        return {}
