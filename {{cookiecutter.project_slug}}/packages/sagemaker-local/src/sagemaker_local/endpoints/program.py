"""The program that serves a variant: which one, with which files and variables.

Two kinds, started the same way, on the port that SAGEMAKER_BIND_TO_PORT says, and asked
``GET /ping`` until they answer: the engine's own server over the model's script, and a model's own
``code/serve.py``, if it brings one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local import serving
from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.jobs.folder import JobFolder, string_environment
from sagemaker_local.jobs.served_model import model_variables, script_of
from sagemaker_local.processes import aws_variables
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.runner import Command
from sagemaker_local.registry.models import Container
from sagemaker_local.storage import disk
from sagemaker_local.storage.bucket import Bucket

_SERVER = Path(serving.__file__).with_name("real_time.py")
_TASK = "config/servingconfig.json"
# A model's own server, in the folder of its code.
_OWN = "code/serve.py"
_UNPACKED = "unpacked"
PORT = "SAGEMAKER_BIND_TO_PORT"


@dataclass(frozen=True)
class Program:
    """How a container's program is started here.

    Attributes:
        container: whose.
        folder: its files, as below ``/opt/ml``, and its log.
        bucket: where its artifacts are.
        region: of the variables.
    """

    container: Container
    folder: JobFolder
    bucket: Bucket
    region: str

    def prepare(self) -> None:
        """Put the model's files into the folder, unless they are there: all of them, or none.

        Raises:
            LocalError: they cannot be had, or there is no room for them.
        """
        done = self.folder.path / _UNPACKED
        if done.exists():
            return
        shutil.rmtree(self.folder.ml, ignore_errors=True)
        with disk.explained(self.folder.path):
            self.container.unpack(self.bucket, self.folder.make("model"))
            done.touch()

    def command(self, port: int) -> Command:
        """What to start.

        Raises:
            LocalError: the model has no script.
        """
        environment = self._environment(port)
        own = self.folder.ml / "model" / _OWN
        if own.is_file():
            paths = ContainerPaths(self.folder.ml, (own.parent,))
            return Command(
                ("python3", str(own)), own.parent, self.folder.log, environment, paths=paths
            )
        try:
            script = script_of(
                self.container.image, self.container.environment, self.folder, self.bucket
            )
        except StepFailure as error:
            raise LocalError(str(error)) from error
        self.folder.write_json(_TASK, {"model": str(self.folder.ml / "model"), **script})
        task = str(self.folder.ml / _TASK)
        paths = ContainerPaths(self.folder.ml, (Path(script["code"]),))
        return Command(
            ("python3", str(_SERVER), task),
            self.folder.ml,
            self.folder.log,
            environment,
            paths=paths,
        )

    def _environment(self, port: int) -> dict[str, str]:
        """One thread, as SageMaker's image has it: many requests share the cores."""
        return {
            "OMP_NUM_THREADS": "1",
            **aws_variables.of_a_job(aws_variables.NOWHERE, self.region),
            **model_variables(self.container.image, self.container.environment, self.folder),
            **string_environment(self.container.environment, self.folder),
            PORT: str(port),
        }

    def clear(self) -> None:
        """Remove the files; the log stays."""
        clear(self.folder)


def clear(folder: JobFolder) -> None:
    """Remove a program's files from its folder; the log stays."""
    shutil.rmtree(folder.ml, ignore_errors=True)
    (folder.path / _UNPACKED).unlink(missing_ok=True)
