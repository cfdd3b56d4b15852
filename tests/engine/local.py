"""A local engine of one test's own: definitions go in, finished executions come out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore import xform_name
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.definition.document import parse
from sagemaker_local.engine import Address, Engine
from sagemaker_local.executions.explanation import Explanation, explain
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.names import Arns
from sagemaker_local.processes.runner import Runner
from sagemaker_local.steps.step_type import Functions
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import digest
from sagemaker_local.storage.store import Store

from engine.conformance import ConformingClient
from engine.definitions import ROLE, Json

ARNS = Arns("us-east-1", "000000000000")
_PATIENCE_SECONDS = 60.0
_RUNNING = {"Executing", "Stopping"}


@dataclass(frozen=True)
class Run:
    """An execution, seen through the client.

    Attributes:
        local: the engine.
        arn: the execution's.
    """

    local: Local
    arn: str

    @property
    def described(self) -> Json:
        return self.local.client.describe_pipeline_execution(PipelineExecutionArn=self.arn)

    @property
    def status(self) -> str:
        return self.described["PipelineExecutionStatus"]

    @property
    def listed(self) -> list[Json]:
        """Its steps, as the client lists them: the last one first."""
        pages = self.local.client.get_paginator("list_pipeline_execution_steps")
        found = pages.paginate(PipelineExecutionArn=self.arn).build_full_result()
        return found["PipelineExecutionSteps"]

    @property
    def steps(self) -> dict[str, Json]:
        return {step["StepName"]: step for step in self.listed}

    @property
    def statuses(self) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps.items()}

    def reason(self, step: str) -> str:
        return self.steps[step]["FailureReason"]

    def job(self, step: str) -> Json:
        """The Describe response of a step's job."""
        ((noun, metadata),) = self.steps[step]["Metadata"].items()
        return self.local.job(noun, metadata["Arn"])

    @property
    def explained(self) -> Explanation:
        """What ``session.explain`` says of it."""
        stored = self.local.plain_client.executions.get(self.arn)
        text = ExecutionRecords(self.local.store).definition(self.arn)
        return explain(self.local.store, stored, parse(text))

    @property
    def verdicts(self) -> dict[str, str]:
        """``hit``, ``miss`` or ``run``, by step."""
        return {found.step: found.verdict for found in self.explained.steps}

    def arn_of(self, step: str) -> str:
        """The ARN of what a step made, its job for most."""
        ((_, metadata),) = self.steps[step]["Metadata"].items()
        return str(metadata["Arn"])

    def retry(self, **request: Any) -> Run:
        """Go on from what had succeeded, and wait for the end."""
        self.local.client.retry_pipeline_execution(PipelineExecutionArn=self.arn, **request)
        return self.wait()

    def wait(self) -> Run:
        """Wait until it has ended, and its last write is done."""
        if self.status in _RUNNING:
            until(lambda: self._status_now() not in _RUNNING)
            assert self.status not in _RUNNING
        return self

    def _status_now(self) -> str:
        """Looked at often, and so not checked against the service's model."""
        describe = self.local.plain_client.describe_pipeline_execution
        return str(describe(PipelineExecutionArn=self.arn)["PipelineExecutionStatus"])

    def stop(self) -> None:
        self.local.client.stop_pipeline_execution(
            PipelineExecutionArn=self.arn, ClientRequestToken="0" * 32
        )


@dataclass(frozen=True)
class Single:
    """A job that belongs to no execution, seen through the client.

    Attributes:
        local: the engine.
        noun: of its kind, ``ProcessingJob`` and so on.
        name: the job's.
    """

    local: Local
    noun: str
    name: str

    def call(self, verb: str, **request: Any) -> Json:
        """``create``, ``describe`` or ``stop`` it."""
        method = getattr(self.local.client, f"{verb}_{xform_name(self.noun)}")
        return dict(method(**{f"{self.noun}Name": self.name}, **request))

    @property
    def described(self) -> Json:
        return self.call("describe")

    @property
    def status(self) -> str:
        return str(self.described[f"{self.noun}Status"])

    @property
    def log(self) -> str:
        file = self.local.root / "jobs" / self.name / "job.log"
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def wait(self) -> Single:
        until(lambda: self.status not in {"InProgress", "Stopping"})
        return self

    def stop(self) -> None:
        self.call("stop")


@dataclass(frozen=True)
class Local:
    """Everything below one folder, and a client that checks what it takes and gives."""

    root: Path
    runner: Runner
    functions: Functions | None = None
    debug: bool | str = False
    address: Callable[[Engine], Address] | None = None

    @cached_property
    def engine(self) -> Engine:
        return Engine(
            self.root,
            runner=self.runner,
            functions=self.functions,
            debug=self.debug,
            address=self.address,
        )

    @property
    def store(self) -> Store:
        return self.engine.store

    @property
    def bucket(self) -> Bucket:
        return self.engine.bucket

    @property
    def jobs(self) -> Jobs:
        return self.engine.jobs

    @cached_property
    def plain_client(self) -> SageMakerClient:
        return SageMakerClient(self.engine)

    @cached_property
    def client(self) -> Any:
        return ConformingClient(self.plain_client)

    def put(self, text: str | bytes, key: str) -> str:
        """An object's URI."""
        uri = self.bucket.uri(key)
        self.bucket.write(uri, text.encode() if isinstance(text, str) else text)
        return uri

    def read(self, uri: str) -> str:
        return self.bucket.existing(uri).read_text(encoding="utf-8")

    def code(self, script: str, **files: str) -> str:
        """The prefix of a folder with ``script.py`` and other modules, given by their names."""
        modules = {"script": script, **files}
        folder = self.root / "sources" / str(len(list(self.root.glob("sources/*"))))
        folder.mkdir(parents=True)
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        uri = self.bucket.uri(f"code/{digest(folder)}")
        self.bucket.upload(folder, uri)
        return uri

    def channels(self, script: str, entry: str = "script.py", **source: Any) -> dict[str, str]:
        """The two channels that the SDK's ModelTrainer makes of a source folder."""
        code = self.code(script)
        settings = json.dumps({"entry_script": entry, "source_dir": "code", **source})
        drivers = f"drivers/{code.rsplit('/', 1)[-1]}-{len(settings)}"
        self.put(settings, f"{drivers}/sourcecode.json")
        self.put("{}", f"{drivers}/distributed.json")
        return {"code": code, "sm_drivers": self.bucket.uri(drivers)}

    def submitted(self, script: str, program: str = "script.py", **files: str) -> dict[str, str]:
        """The two hyperparameters that name a script in a ``sourcedir.tar.gz``.

        Args:
            script: the program's text.
            program: its path in the archive.
            files: other members' texts, by path with ``__`` for a slash and no ``.py``.
        """
        members = {program: script} | {f"{n.replace('__', '/')}.py": t for n, t in files.items()}
        folder = self.root / "sources" / str(len(list(self.root.glob("sources/*"))))
        for name, text in members.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        packed = self.root / "packed" / folder.name / "sourcedir.tar.gz"
        archive.pack(folder, packed)
        uri = self.bucket.uri(f"code/{digest(folder)}/sourcedir.tar.gz")
        self.bucket.upload(packed, uri)
        return {"sagemaker_program": program, "sagemaker_submit_directory": uri}

    def create(self, text: str, name: str = "pipe") -> None:
        """Create or update a pipeline."""
        known = {p["PipelineName"] for p in self.client.list_pipelines()["PipelineSummaries"]}
        save = self.client.update_pipeline if name in known else self.client.create_pipeline
        save(PipelineName=name, PipelineDefinition=text, RoleArn=ROLE)

    def start(
        self,
        text: str,
        parameters: Mapping[str, str] | None = None,
        parallel: int | None = None,
        name: str = "pipe",
        **members: Any,
    ) -> Run:
        """Save a definition and start it; ``members`` are further ones of the request."""
        self.create(text, name)
        request: Json = {"PipelineName": name, **members}
        if parameters:
            request["PipelineParameters"] = [
                {"Name": key, "Value": value} for key, value in parameters.items()
            ]
        if parallel:
            request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": parallel}
        return Run(self, self.client.start_pipeline_execution(**request)["PipelineExecutionArn"])

    def run(self, text: str, parameters: Mapping[str, str] | None = None, **options: Any) -> Run:
        """Save a definition, start it and wait for its end."""
        return self.start(text, parameters, **options).wait()

    def begin(self, step: Json, name: str = "job", **request: Any) -> Single:
        """Create the single job that a step would run; ``request`` adds to its arguments."""
        single = Single(self, f"{step['Type']}Job", name)
        single.call("create", **{**step["Arguments"], **request})
        return single

    def jobs_run(self) -> int:
        """How many processing and training jobs there have ever been."""
        processing = self.client.get_paginator("list_processing_jobs").paginate()
        training = self.client.get_paginator("list_training_jobs").paginate()
        return len(processing.build_full_result()["ProcessingJobSummaries"]) + len(
            training.build_full_result()["TrainingJobSummaries"]
        )

    def other(self) -> Local:
        """Another session on the same state, with a connection of its own."""
        return Local(self.root, self.runner, self.functions)

    def meanwhile(self, change: Callable[[], Any]) -> None:
        """Have ``change`` happen right before the next write, as another process's may."""
        plain = self.store.transaction

        @contextmanager
        def after_the_change(name: str = "") -> Iterator[None]:
            vars(self.store).pop("transaction")
            change()
            with plain(name):
                yield

        vars(self.store)["transaction"] = after_the_change

    def job(self, noun: str, arn: str) -> Json:
        method, member = {
            "ProcessingJob": (self.client.describe_processing_job, "ProcessingJobName"),
            "TrainingJob": (self.client.describe_training_job, "TrainingJobName"),
            "TransformJob": (self.client.describe_transform_job, "TransformJobName"),
            "TuningJob": (
                self.client.describe_hyper_parameter_tuning_job,
                "HyperParameterTuningJobName",
            ),
        }[noun]
        return method(**{member: arn.rsplit("/", 1)[-1]})

    def log(self, run: Run, step: str) -> str:
        """What a step's job printed."""
        arn = next(iter(run.steps[step]["Metadata"].values()))["Arn"]
        file = self.root / "jobs" / arn.rsplit("/", 1)[-1] / "job.log"
        return file.read_text(encoding="utf-8", errors="replace")

    def objects(self) -> list[str]:
        """Keys of all objects, code apart."""
        keys = self.bucket.keys(self.bucket.uri(""))
        return [key for key in keys if not key.startswith(("code/", "drivers/"))]


def until(holds: Any, patience: float = _PATIENCE_SECONDS) -> None:
    """Wait until ``holds()``; a test that waits for ever says nothing."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
