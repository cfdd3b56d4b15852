"""What answers in a transform job: a script in the job's own process, or containers beside it.

One container's script runs in the job's process. The containers of an inference pipeline are
processes of their own, each with an ``/opt/ml``, a log and variables of its own, as behind an
endpoint; the job's process asks them in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sagemaker_local import serving
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs.folder import JobFolder, string_environment
from sagemaker_local.jobs.program import run_to_success
from sagemaker_local.jobs.served_model import model_variables, script_of
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.group import Group
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.registry.models import Container
from sagemaker_local.storage.bucket import Bucket

_TRANSFORM = Path(serving.__file__).with_name("batch_transform.py")
_SERVE = Path(serving.__file__).with_name("real_time.py")
_SERVING_TASK = "config/servingconfig.json"
_TASK = "config/transformjobconfig.json"
_ANNOUNCED = "port"
_SETTLING_SECONDS = 0.5
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


@dataclass(frozen=True)
class TransformModel:
    """The model of a transform job.

    Attributes:
        containers: that answer in turn.
        job: the transform job.
        bucket: where artifacts are.
    """

    containers: list[Container]
    job: dict[str, Any]
    bucket: Bucket

    def prepared(self, folder: JobFolder) -> dict[str, Any]:
        """Put everything in place for a host; gives what its program is told of the model.

        Raises:
            StepFailure: a container has no script.
            LocalError: artifacts are not there.
        """
        if len(self.containers) == 1:
            return self._placed(self.containers[0], folder)
        links = []
        for name, container, own in self._links(folder):
            placed = self._placed(container, own)
            announced = {"announced": str(own.path / _ANNOUNCED)}
            own.write_json(_SERVING_TASK, {**placed, **announced})
            links.append({"name": name, "code": placed["code"], **announced})
        return {"containers": links}

    def run(self, folder: JobFolder, task: dict[str, Any], launch: Launch) -> None:
        """Run a host's program, and beside it its containers, which end with it.

        Raises:
            StepFailure: it failed, or one of the containers did.
        """
        folder.write_json(_TASK, task)
        command = Command(
            ("python3", str(_TRANSFORM), str(folder.ml / _TASK)),
            folder.ml,
            folder.log,
            self._variables(self.containers[-1], folder),
            paths=ContainerPaths(folder.ml, (Path(task["code"]),) if "code" in task else ()),
        )

        def transform(launch: Launch) -> None:
            run_to_success(command, folder, launch, Path(task["message"]))

        if "containers" not in task:
            transform(launch)
            return
        servers = [
            self._server(*link, Path(told["code"]))
            for link, told in zip(self._links(folder), task["containers"], strict=True)
        ]
        _run_beside(servers, transform, launch)

    def _links(self, folder: JobFolder) -> list[tuple[str, Container, JobFolder]]:
        """Each container with its name and its folder."""
        names = [f"container-{number + 1}" for number in range(len(self.containers))]
        return [
            (name, container, folder.of_host(name))
            for name, container in zip(names, self.containers, strict=True)
        ]

    def _placed(self, container: Container, folder: JobFolder) -> dict[str, str]:
        container.unpack(self.bucket, folder.make("model"))
        environment = self._environment(container)
        script = script_of(container.image, environment, folder, self.bucket)
        return {"model": str(folder.ml / "model"), **script}

    def _server(
        self, name: str, container: Container, folder: JobFolder, code: Path
    ) -> Callable[[Launch], None]:
        """What runs a container until it is told to end."""
        command = Command(
            ("python3", str(_SERVE), str(folder.ml / _SERVING_TASK)),
            folder.ml,
            folder.log,
            {**self._variables(container, folder), "SAGEMAKER_BIND_TO_PORT": "0"},
            paths=ContainerPaths(folder.ml, (code,)),
        )

        def serve(launch: Launch) -> None:
            try:
                run_to_success(command, folder, launch, folder.ml / "output" / "failure")
            except StepFailure as failure:
                raise type(failure)(f"{name}: {failure}") from failure
            raise StepFailure(f"{name} ended before the transform job did (log: {folder.log})")

        return serve

    def _environment(self, container: Container) -> dict[str, str]:
        return {**container.environment, **self.job.get("Environment", {})}

    def _variables(self, container: Container, folder: JobFolder) -> dict[str, str]:
        environment = self._environment(container)
        return {
            **model_variables(container.image, environment, folder, is_batch=True),
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES[self.job.get("BatchStrategy", "MultiRecord")],
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.job.get("MaxPayloadInMB", 6)),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(
                self.job.get("MaxConcurrentTransforms") or 1
            ),
            **string_environment(environment, folder),
        }


def _run_beside(
    servers: list[Callable[[Launch], None]], program: Callable[[Launch], None], launch: Launch
) -> None:
    """Run programs that serve another one, until that ends, or one of them does."""
    group = Group()

    def together(command: Command) -> int:
        return launch(
            replace(command, groups=(*command.groups, group), side_by_side=len(servers) + 1)
        )

    with ThreadPoolExecutor(len(servers) + 1, "container") as pool:
        serving = [pool.submit(serve, together) for serve in servers]
        transforming = pool.submit(program, together)
        try:
            wait([*serving, transforming], return_when=FIRST_COMPLETED)
            if transforming.done() and transforming.exception():
                wait(serving, _SETTLING_SECONDS, FIRST_COMPLETED)  # one may have ended before
            failed = next((each for each in serving if each.done()), None)
        finally:
            group.stop()
    (failed or transforming).result()
