"""One change of what an endpoint serves: brought about, checked, and gone back from if need be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import registry, settings
from ..errors import ProjectError
from . import history, hosting, logs, smoke, states
from .states import Say, State

# A service that has no machine for an endpoint says nothing about the model.
NOT_OF_THE_MODEL = ("capacity", "limit", "not authorized", "access denied")


@dataclass(frozen=True)
class Change:
    """An endpoint that shall serve a configuration.

    Attributes:
        session: local or managed.
        endpoint: its name.
        package: the description of the model package that shall serve.
        configuration: made of it.
        before: the endpoint as it was; None: there was none.
        ending: the event that success is.
        say: is told what happens.
        made_here: whether the configuration is this change's own, and goes when it fails.
    """

    session: Any
    endpoint: str
    package: Mapping[str, Any]
    configuration: str
    before: State | None
    ending: str
    say: Say
    made_here: bool = True

    @property
    def client(self) -> Any:
        return self.session.sagemaker_client

    def carry_out(self) -> str:
        """Have the endpoint serve the configuration; gives a sentence on the check.

        Whatever comes in between, also an interrupt, the endpoint ends with what it had.

        Raises:
            ProjectError: it did not work out; a package that does not serve is Rejected.
        """
        self._remember(history.STARTED)
        started = datetime.now(UTC)
        try:
            self._bring(started)
            checked = smoke.check(self.session, self.endpoint, self.package)
            self._is_still_ours()
        except BaseException as error:
            self._undo(error)
            raise
        self._remember(self.ending)
        return checked

    def _bring(self, started: datetime) -> None:
        """Create or update the endpoint, and wait until the configuration answers."""
        request = {"EndpointName": self.endpoint, "EndpointConfigName": self.configuration}
        if self.before is None:
            tags = [{"Key": hosting.PROJECT_TAG, "Value": settings.PROJECT_SLUG}]
            states.once_there(self.session, self.client.create_endpoint, **request, Tags=tags)
        else:
            states.once_there(self.session, self.client.update_endpoint, **request)
        found = states.settled(self.session, self.endpoint, self.say)
        if found is not None and found.serves(self.configuration):
            return
        reason = found.reason if found else "it was deleted meanwhile"
        where = logs.told(self.session, self.endpoint, started)
        sentence = f"{self.endpoint} does not serve {self._version}: {reason}; {where}"
        its_own = found is None or any(word in reason.lower() for word in NOT_OF_THE_MODEL)
        raise (ProjectError if its_own else smoke.Unfit)(sentence)

    def _is_still_ours(self) -> None:
        """The answers are of this configuration, unless somebody else has changed it meanwhile."""
        found = states.state(self.client, self.endpoint)
        if found is None or not found.serves(self.configuration):
            now = found.configuration if found else "nothing"
            raise ProjectError(
                f"somebody else has changed {self.endpoint} while it was checked: it serves {now}; "
                "see `make endpoints`, and deploy again if need be"
            )

    def _undo(self, error: BaseException) -> None:
        """Go back to what was, remember why, and take the package's approval away."""
        interrupted = not isinstance(error, Exception)
        if interrupted:
            self.say(f"{self.endpoint}: interrupted; going back, which may take a while")
        try:
            self._go_back()
        finally:
            reason = "interrupted" if interrupted else str(error).partition("; `python -m")[0]
            self._judge(error, reason)

    def _judge(self, error: BaseException, reason: str) -> None:
        """Remember why it failed; the package is not what is used from now on."""
        if isinstance(error, smoke.Unfit):
            self._remember(history.FAILED_CHECK, reason)
            registry.judge(self.session, self.package, registry.REJECTED, reason)
            self.say(f"{self._version} is {registry.REJECTED} now")
            return
        failed = isinstance(error, Exception)
        self._remember(history.FAILED if failed else history.INTERRUPTED, reason)
        if self.before and self.endpoint == hosting.endpoint_name(self._group):
            # It would be the champion otherwise, and batch jobs would use what does not serve here.
            registry.judge(self.session, self.package, registry.PENDING, f"not deployed: {reason}")
            self.say(f"{self._version} is {registry.PENDING} again")

    def _go_back(self) -> None:
        """What served before serves again, or what is new is gone."""
        found = states.settled(self.session, self.endpoint, self.say)
        request = {"EndpointName": self.endpoint}
        if self.before is None:
            if found and found.configuration == self.configuration:
                self.client.delete_endpoint(**request)
                states.settled(self.session, self.endpoint, self.say)
        elif found and found.configuration == self.configuration:
            previous = self.before.configuration
            self.say(f"{self.endpoint}: back to {previous}")
            self.client.update_endpoint(**request, EndpointConfigName=previous)
            found = states.settled(self.session, self.endpoint, self.say)
            if found is None or not found.serves(previous):
                raise ProjectError(
                    f"{self.endpoint} did not go back to {previous} "
                    f"({found.reason if found else 'it is gone'}); see `make endpoints`"
                )
        if self.made_here:
            hosting.delete(self.client, self.configuration)

    def _remember(self, what: str, reason: str = "") -> None:
        known = self.package.get("CustomerMetadataProperties", {})
        event = history.Event(
            endpoint=self.endpoint,
            what=what,
            configuration=self.configuration,
            package=self.package["ModelPackageArn"],
            run=known.get("run", ""),
            previous=self.before.configuration if self.before else "",
            reason=reason,
        )
        history.add(self.session, event)

    @property
    def _group(self) -> str:
        return str(self.package["ModelPackageGroupName"])

    @property
    def _version(self) -> str:
        return registry.version_name(self.package)
