"""Runs single jobs by the SDK's own objects on a LocalJobSession, and prints what it saw as JSON.

Run by ``test_job_session`` in a process of its own, which has no AWS variables and no network:
``python sdk_jobs_program.py <folder>``.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {"variables": sorted(name for name in os.environ if name.startswith("AWS"))}

from sagemaker_local import LocalJobSession, LocalSession  # noqa: E402
from sagemaker_local.storage import archive  # noqa: E402

from engine.conformance import ConformingClient  # noqa: E402

session = LocalJobSession(FOLDER / "root", preload=("json",))

import boto3  # noqa: E402
from sagemaker.core import processing, resources  # noqa: E402
from sagemaker.core.parameter import ContinuousParameter  # noqa: E402
from sagemaker.core.processing import FrameworkProcessor, ScriptProcessor  # noqa: E402
from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output  # noqa: E402
from sagemaker.core.transformer import Transformer  # noqa: E402
from sagemaker.core.utils.utils import SageMakerClient  # noqa: E402
from sagemaker.core.workflow.pipeline_context import PipelineSession  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402
from sagemaker.train.configs import Compute, SourceCode  # noqa: E402
from sagemaker.train.tuner import HyperparameterTuner  # noqa: E402

from engine.transforms import SERVED, SUM  # noqa: E402

SEEN["default client"] = SageMakerClient().session is session.boto_session
client = ConformingClient(session.sagemaker_client)
session.sagemaker_client = client
session.boto_session._clients["sagemaker"] = client
SageMakerClient.reset()
SageMakerClient(session=session.boto_session, region_name=session.boto_region_name)

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1.0"  # with metrics of one's own
OUTPUT = "/opt/ml/processing/output"
# Ends only when somebody has seen its first line.
ASKS = """
import sys, time
from pathlib import Path
print("first", flush=True)
until = time.monotonic() + 60
while not Path(sys.argv[-1]).exists():
    assert time.monotonic() < until, "nobody saw it"
    time.sleep(0.01)
print("last", end="")
"""


class Witness(io.StringIO):
    """Standard output that lets a job end when it sees the job's first line."""

    def __init__(self, go: Path) -> None:
        super().__init__()
        self._go = go

    def write(self, text: str) -> int:
        if "first" in text:
            self._go.touch()
        return super().write(text)


def shown(call: Callable[[], Any], go: Path = FOLDER / "unused") -> str:
    """What a call prints."""
    with redirect_stdout(Witness(go)) as output:
        call()
    return output.getvalue()


def error(call: Callable[[], Any]) -> tuple[str, str]:
    try:
        shown(call)
    except Exception as raised:
        return type(raised).__name__, str(raised)
    return "no error", ""


def write(name: str, text: str) -> str:
    file = FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def processor(name: str, own: LocalJobSession = session, kind: Any = ScriptProcessor) -> Any:
    return kind(
        image_uri=IMAGE,
        command=["python3"],
        role=own.role,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=own,
        base_job_name=name,
    )


def process() -> None:
    """Jobs of processors: with logs and without, waited for and not, good and bad."""
    go = FOLDER / "go-processing"
    code = write("asks.py", ASKS)
    live = processor("live")
    SEEN["live"] = shown(lambda: live.run(code=code, arguments=[str(go)]), go)
    SEEN["again"] = shown(lambda: processing.logs_for_processing_job(session, name_of(live)))
    quiet = processor("quiet")
    SEEN["quiet"] = shown(lambda: quiet.run(code=code, arguments=[str(go)], logs=False))
    SEEN["ended"] = client.describe_processing_job(ProcessingJobName=name_of(quiet))
    bad = write("bad.py", "import sys; print('reading'); sys.exit('there are no rows')")
    SEEN["bad"] = error(lambda: processor("bad").run(code=bad))
    SEEN["bad and quiet"] = error(lambda: processor("bad-quiet").run(code=bad, logs=False))
    SEEN["refused"] = error(lambda: processor("a").run(code=bad, job_name=name_of(live)))
    leaves = write("leaves.py", "import sys; open(sys.argv[1] + '/out.txt', 'w').write('left')")
    target = ProcessingS3Output(s3_uri="auto", local_path=OUTPUT, s3_upload_mode="EndOfJob")
    outputs = [ProcessingOutput(output_name="out", s3_output=target)]
    processor("leaves").run(code=leaves, outputs=outputs, arguments=[OUTPUT])
    SEEN["left"] = session.read_s3_file(*uri_of(outputs[0].s3_output.s3_uri, "out.txt"))


def name_of(ran: Any) -> str:
    return str(ran.latest_job.processing_job_name)


def uri_of(uri: str, name: str) -> tuple[str, str]:
    bucket, _, key = f"{uri}/{name}".removeprefix("s3://").partition("/")
    return bucket, key


def later() -> None:
    """A job that is not waited for, until somebody does."""
    go = FOLDER / "go-later"
    slow = processor("slow")
    slow.run(code=write("asks.py", ASKS), arguments=[str(go)], wait=False, logs=False)
    SEEN["running"] = client.describe_processing_job(ProcessingJobName=name_of(slow))
    SEEN["so far"] = shown(lambda: processing.logs_for_processing_job(session, name_of(slow)))
    SEEN["impatient"] = error(lambda: slow.latest_job.wait(timeout=0))
    SEEN["waited"] = shown(lambda: slow.latest_job.wait(logs=True), go)
    SEEN["waited status"] = slow.latest_job.processing_job_status
    stopped = processor("stopped")
    stopped.run(code=write("asks.py", ASKS), arguments=["absent"], wait=False, logs=False)
    stopped.latest_job.stop()
    stopped.latest_job.wait()
    SEEN["stopped"] = stopped.latest_job.processing_job_status


class Impatient(io.StringIO):
    """A person who interrupts what they see."""

    def write(self, text: str) -> int:
        raise KeyboardInterrupt


def interrupted() -> None:
    """An interrupt of the wait, with the job's first line on the screen."""
    seen = processor("interrupted")
    # The SDK's telemetry swallows interrupts: its ``finally`` returns.
    with redirect_stdout(Impatient()), suppress(KeyboardInterrupt):
        seen.run(code=write("asks.py", ASKS), arguments=["absent"])
    client.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name_of(seen))
    job = client.describe_processing_job(ProcessingJobName=name_of(seen))
    SEEN["interrupted"] = job["ProcessingJobStatus"]


def framework() -> None:
    """A folder of sources, as a framework's processor packs it."""
    write("package/main.py", "import helper, sys; print(helper.WORD, sys.argv[1])")
    write("package/helper.py", "WORD = 'packed'")
    packed = processor("packed", kind=FrameworkProcessor)
    SEEN["framework"] = shown(
        lambda: packed.run(code="main.py", source_dir=str(FOLDER / "package"), arguments=["x"])
    )


def trainer(name: str, script: str, *arguments: str, image: str = IMAGE) -> ModelTrainer:
    write(f"{name}/train.py", script)
    return ModelTrainer(
        training_image=image,
        role=session.role,
        sagemaker_session=session,
        base_job_name=name,
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        source_code=SourceCode(source_dir=str(FOLDER / name), entry_script="train.py"),
        hyperparameters=dict(zip(["go"], arguments, strict=False)),
    )


def train() -> None:
    """Training jobs by a trainer, and the resources that the SDK makes of them."""
    go = FOLDER / "go-training"
    leaves = "import os; open(os.environ['SM_MODEL_DIR'] + '/model.txt', 'w')"
    good = trainer("good", f"{ASKS}\n{leaves}", str(go))
    SEEN["trained"] = shown(good.train, go)
    job = good._latest_training_job
    SEEN["artifacts"] = job.model_artifacts.s3_model_artifacts
    SEEN["artifact is there"] = session.bucket.existing(SEEN["artifacts"]).is_file()
    SEEN["bad training"] = error(trainer("bad", "raise ValueError('bad rows')").train)
    found = resources.TrainingJob.get_all(session=session.boto_session)
    SEEN["training jobs"] = [each.training_job_status for each in found]
    taken = resources.TrainingJob.get(job.training_job_name, session=session.boto_session)
    SEEN["same job"] = taken.training_job_arn == job.training_job_arn


def transform() -> None:
    """A transform job outside a pipeline, and one whose record is bad."""
    write("model/code/inference.py", SUM)
    write("model/factor.txt", "10")
    archive.pack(FOLDER / "model", FOLDER / "model.tar.gz")
    data = session.upload_data(FOLDER / "model.tar.gz")
    container = {"Image": IMAGE, "ModelDataUrl": data, "Environment": SERVED}
    client.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=session.role)
    for name, text in {"good": "1,2\n3,4\n", "bad": "1,2\nx,4\n"}.items():
        transformer = Transformer(
            *("m", 1, "ml.m5.large"),
            accept="text/csv",
            assemble_with="Line",
            output_path=session.bucket.uri(f"answers/{name}"),
            sagemaker_session=session,
        )
        records = session.upload_data(write(f"{name}.csv", text))
        options = {"content_type": "text/csv", "split_type": "Line"}
        SEEN[f"transform {name}"] = error(partial(transformer.transform, records, **options))
    SEEN["answers"] = session.read_s3_file("sagemaker-local", "answers/good/good.csv.out")


def tune() -> None:
    """A tuning job outside a pipeline."""
    script = "import os; print('score=' + os.environ['SM_HP_ETA'])"
    tuner = HyperparameterTuner(
        model_trainer=trainer("tuned", script, image=OWN_IMAGE),
        objective_metric_name="score",
        metric_definitions=[{"Name": "score", "Regex": "score=(.*)"}],
        hyperparameter_ranges={"eta": ContinuousParameter(0, 1)},
        max_jobs=3,
        strategy="Random",
    )
    SEEN["tune"] = error(tuner.tune)
    (found,) = client.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
    name = found["HyperParameterTuningJobName"]
    job = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    SEEN["tuned"] = job["TrainingJobStatusCounters"]["Completed"]
    SEEN["best"] = tuner.best_training_job() == job["BestTrainingJob"]["TrainingJobName"]
    keys = session.bucket.keys(session.bucket.uri(""))
    SEEN["tuner's code"] = [key for key in keys if key.endswith("/sourcedir/sourcedir.tar.gz")]


def debugged() -> None:
    """A job that is debugged shows its lines once."""
    own = LocalJobSession(FOLDER / "root", warm=False, debug=True)
    code = write("says.py", "import os; print('here', os.getpid() == int(os.environ['OF_TEST']))")
    os.environ["OF_TEST"] = str(os.getpid())
    SEEN["debugged"] = shown(lambda: processor("debugged", own).run(code=code))


def managed() -> None:
    """Waits for jobs of other sessions are the SDK's own."""
    looks: list[str] = []

    def describe(**request: str) -> dict[str, str]:
        looks.append(request["ProcessingJobName"])
        return {"ProcessingJobStatus": "InProgress" if len(looks) < 3 else "Completed"}

    aws = SimpleNamespace(
        boto_session=object(), sagemaker_client=SimpleNamespace(describe_processing_job=describe)
    )
    processing._wait_for_processing_job(aws, "theirs", poll=0)
    SEEN["managed processing"] = looks
    job = resources.TrainingJob(training_job_name="theirs")
    job._set_client_context(
        boto3.Session(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    )
    refreshed: list[str] = []

    def refresh(self: Any) -> None:
        refreshed.append(self.training_job_name)
        self.training_job_status = "Completed"

    resources.TrainingJob.refresh = refresh
    job.wait()
    SEEN["managed training"] = refreshed


def sessions() -> None:
    """Both kinds of session see one root."""
    pipelines = LocalSession(FOLDER / "root", warm=False)
    listed = [
        len(each.sagemaker_client.list_processing_jobs()["ProcessingJobSummaries"])
        for each in (pipelines, session)
    ]
    SEEN["listed"] = listed
    SEEN["are pipeline sessions"] = [isinstance(s, PipelineSession) for s in (pipelines, session)]
    SEEN["job_log"] = pipelines.job_log("Training", SEEN["artifacts"].split("/")[-3], tail=1)


if __name__ == "__main__":
    process()
    later()
    interrupted()
    framework()
    train()
    debugged()
    sessions()
    transform()
    tune()
    managed()
    SEEN["checked"] = sorted(client.checked)
    (FOLDER / "seen.json").write_text(json.dumps(SEEN, default=str), encoding="utf-8")
