"""Runs pipelines on a disk of a few megabytes, its one argument, and prints what comes of it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from botocore.exceptions import ClientError
from sagemaker_local.processes.warm import shared_runner

from engine.definitions import Json, definition, processing
from engine.local import Local, Run

OUTPUT = "import pathlib; pathlib.Path('processing/output/o/x').write_bytes(bytes({}))"
# Takes all there is, unless it is told that this is enough; may tidy up before it fails.
FILL = """
import os, sys
with open("processing/output/o/x", "wb", buffering=0) as file:
    try:
        while not os.path.exists(sys.argv[1]):
            file.write(bytes(1 << 12))
    except OSError:
        if sys.argv[2] == "tidy":
            file.truncate(0)
        raise
"""


class TinyDisk:
    """What is tried there, one after another."""

    def __init__(self, disk: Path) -> None:
        self._local = Local(disk / "root", shared_runner(modules=("json",)))
        self._enough = disk / "enough"

    def upload(self) -> Json:
        """An output for which there is room once, and not twice."""
        steps = [self._step("Full", OUTPUT.format(6_000_000)), self._step("Other", "pass")]
        steps.append(self._step("More", OUTPUT.format(10)))
        # One at a time: while the first one fills the disk, no other could store its ending.
        run = self._local.run(definition(*steps), parallel=1)
        told = {
            "statuses": run.statuses,
            "reason": run.reason("Full"),
            "objects": [key.split("/")[2:] for key in self._local.objects()],
            "folders": [folder.name for folder in self._local.bucket.root.iterdir()],
        }
        self._delete_jobs()
        return told

    def tidy_script(self) -> Json:
        run = self._local.run(definition(self._filling("tidy")))
        self._delete_jobs()
        return {"statuses": run.statuses, "reason": run.reason("Full")}

    def full_state(self) -> Json:
        """A script that leaves no room for its own failure to be stored."""
        self._local.create(definition(self._filling("untidy")))
        client = self._local.client
        arn = client.start_pipeline_execution(PipelineName="pipe")["PipelineExecutionArn"]
        run = Run(self._local, arn)
        group = partial(client.create_model_package_group, ModelPackageGroupName="group")
        told: Json = {"errors": [_error(run.wait), _error(group)]}
        self._delete_jobs()
        told |= {"status": run.status, "reason": run.described["FailureReason"]}
        self._enough.touch()
        client.retry_pipeline_execution(PipelineExecutionArn=arn)
        return told | {"then": run.wait().status}

    def _step(self, name: str, script: str, *arguments: str) -> Json:
        return processing(name, self._local.code(script), outputs=["o"], arguments=arguments)

    def _filling(self, manner: str) -> Json:
        return self._step("Full", FILL, str(self._enough), manner)

    def _delete_jobs(self) -> None:
        shutil.rmtree(self._local.root / "jobs")


def _error(call: Callable[[], object]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    return "none"


def main() -> None:
    disk = TinyDisk(Path(sys.argv[1]))
    parts = {"upload": disk.upload, "tidy script": disk.tidy_script, "state": disk.full_state}
    print(json.dumps({name: part() for name, part in parts.items()}))


if __name__ == "__main__":
    main()
