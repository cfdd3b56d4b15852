"""A TuningStep of the SDK's own HyperparameterTuner, for ``sdk_program``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.core.training.configs import OutputDataConfig
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import TuningStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode
from sagemaker.train.tuner import HyperparameterTuner
from sagemaker_local.storage import archive

TRY = """
import argparse, os
parser = argparse.ArgumentParser()
for name in ("rate", "depth", "rounds"):
    parser.add_argument(f"--{name}", type=float, required=True)
parser.add_argument("--kind", required=True)
given = parser.parse_args()
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "data.csv")).read()
assert rows == "1,2\\n" and given.rounds == 7
print(f"validation:loss={given.rate * given.depth}")
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write(str(given.rate))
"""
REGEX = r"validation:loss=(\S+)"


def seen(session: Any, folder: Path, image: str, data: str) -> dict[str, Any]:
    """Run a tuning pipeline; the script comes as a folder, then as an archive in the bucket."""
    source = folder / "try"
    source.mkdir()
    (source / "try.py").write_text(TRY, encoding="utf-8")
    packed = folder / "packed" / "sourcedir.tar.gz"
    archive.pack(source, packed)
    uploaded = session.upload_data(packed, key_prefix="source")
    pipeline = _build(session, image, data, uploaded)
    again = _build(session, image, data, uploaded)
    found = {
        "same definition": pipeline.definition() == again.definition(),
        "archive": _run(session, pipeline),
        "folder": _run(session, _build(session, image, data, str(source))),
    }
    session.boto_session.client("s3").upload_file(
        str(packed), Bucket="sagemaker-local", Key="copies/a.tar.gz"
    )
    found["copied"] = session.list_s3_files("sagemaker-local", "copies")
    return found


def _build(session: Any, image: str, data: str, source: str) -> Pipeline:
    trainer = ModelTrainer(
        training_image=image,
        role=session.role,
        sagemaker_session=session,
        base_job_name="try",
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        source_code=SourceCode(source_dir=source, entry_script="try.py"),
        hyperparameters={"rounds": 7, "rate": 0.5},
        output_data_config=OutputDataConfig(s3_output_path="s3://sagemaker-local/models"),
    )
    tuner = HyperparameterTuner(
        model_trainer=trainer,
        objective_metric_name="validation:loss",
        objective_type="Minimize",
        metric_definitions=[{"Name": "validation:loss", "Regex": REGEX}],
        hyperparameter_ranges={
            "rate": ContinuousParameter(0.1, 0.9),
            "depth": IntegerParameter(1, 4),
            "kind": CategoricalParameter(["a", "b"]),
        },
        max_jobs=4,
        max_parallel_jobs=2,
        random_seed=3,
    )
    channel = InputData(channel_name="train", data_source=data)
    tune = TuningStep(name="Tune", step_args=tuner.tune(inputs=[channel]))
    builder = ModelBuilder(
        s3_model_data_url=tune.get_top_model_s3_uri(0, "sagemaker-local", "models"),
        image_uri=image,
        role_arn=session.role,
        sagemaker_session=session,
    )
    create = ModelStep(name="Create", step_args=builder.build())
    return Pipeline(name="tuning", steps=[tune, create], sagemaker_session=session)


def _run(session: Any, pipeline: Pipeline) -> dict[str, Any]:
    pipeline.upsert(role_arn=session.role)
    execution = pipeline.start()
    execution.wait(delay=0.05, max_attempts=1000)
    steps = {step["StepName"]: step for step in execution.list_steps()}
    arn = steps["Tune"]["Metadata"]["TuningJob"]["Arn"]
    job = session.sagemaker_client.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=arn.rsplit("/", 1)[-1]
    )
    model = session.sagemaker_client.describe_model(
        ModelName=steps["Create"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[-1]
    )
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "counters": job["TrainingJobStatusCounters"],
        "best": job["BestTrainingJob"]["TrainingJobName"],
        "model": model["PrimaryContainer"]["ModelDataUrl"],
        "definition": pipeline.definition(),
    }
