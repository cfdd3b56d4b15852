"""Jobs that belong to no execution: each runs in a thread of this process, and ends with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from sagemaker_local.errors import LocalError
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.processes.debug import DebugRunner
from sagemaker_local.processes.launcher import Launcher
from sagemaker_local.processes.runner import Runner
from sagemaker_local.storage.store import Document

logger = logging.getLogger(__name__)


class SingleJobs:
    """Starts jobs one by one, and stops them.

    Args:
        jobs: runs and remembers them.
        runner: starts their programs.
        debug: run each job in the thread that starts it, to its end, and scripts in this process.
        variables: gives those that every job's programs have.
    """

    def __init__(
        self,
        jobs: Jobs,
        runner: Runner,
        debug: bool = False,
        variables: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._jobs = jobs
        self._runner = DebugRunner(runner) if debug else runner
        self._debug = debug
        self._variables = variables
        self._launchers: dict[str, Launcher] = {}

    def start(self, kind: JobKind, name: str, request: Document) -> str:
        """Create a job and run it; gives its ARN.

        Raises:
            NameTakenError: there is one of this kind and name.
        """
        job = self._jobs.create(kind, name, request)
        arn = self._jobs.arn(kind, name)
        self._launchers[arn] = Launcher(self._runner, lambda: len(self._launchers), self._variables)
        if self._debug:
            self._run(kind, job, arn)
        else:
            arguments = (kind, job, arn)
            threading.Thread(target=self._run, args=arguments, name=arn, daemon=True).start()
        return arn

    def stop(self, kind: JobKind, name: str) -> None:
        """End a running job's programs; it becomes Stopped.

        Raises:
            LocalError: it has ended, or something else than this session runs it.
        """
        launcher = self._launchers.get(self._jobs.arn(kind, name))
        with self._jobs.store.transaction():
            self._jobs.stopping(kind, name)
            if launcher is None:
                raise LocalError(
                    f"The {kind.resource} {name!r} runs in an execution or in another session; "
                    "stop it there."
                )
        launcher.stop()

    def stop_all(self) -> int:
        """End the programs of every job that runs; gives how many jobs there still are."""
        launchers = list(self._launchers.values())
        for launcher in launchers:
            launcher.stop()
        return len(launchers)

    def _run(self, kind: JobKind, job: Document, arn: str) -> None:
        try:
            self._jobs.run_created(kind, job, self._launchers[arn].run)
        except LocalError:
            pass  # the job says so itself
        except Exception:
            logger.exception("The job %s broke off", arn)
        finally:
            del self._launchers[arn]
