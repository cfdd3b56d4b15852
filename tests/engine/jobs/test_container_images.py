"""A job without a script asks for what its image runs by itself: the refusal calls it by name."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.jobs.container_images import own_program

from engine.checked import CODE, SCRIPT, changed, problems
from engine.definitions import IMAGE, get, model, processing, training, transform

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
ENTRYPOINT = "AppSpecification.ContainerEntrypoint"


@pytest.mark.parametrize(
    ("image", "program"),
    [
        (f"{ECR}/sagemaker-data-wrangler-container:5.x", "Data Wrangler"),
        (f"{ECR}/sagemaker-clarify-processing:1.0", "Clarify"),
        (f"{ECR}/sagemaker-model-monitor-analyzer", "the analyzer of Model Monitor"),
        (f"{ECR}/sagemaker-spark-processing:3.3-cpu-py39-v1.0", "Spark"),
        (f"{ECR}/blazingtext:1", "the built-in algorithm blazingtext"),
        (f"{ECR}/kmeans@sha256:{'0' * 64}", "the built-in algorithm kmeans"),
        (f"{ECR}/tensorflow-inference:2.6.3-cpu", "TensorFlow Serving"),
        (f"{ECR}/sagemaker-tensorflow-serving:1.12-cpu", "TensorFlow Serving"),
        (
            f"{ECR}/huggingface-tensorflow-inference:2.11-transformers4.26",
            "the Hugging Face inference toolkit",
        ),
        (f"{ECR}/team/churn:latest", "what the image 'churn:latest' runs by itself"),
        ("mine", "what the image 'mine' runs by itself"),
        (get("Parameters.Image"), "what its container image runs by itself"),
    ],
)
def test_it_is_called_by_its_name(image: Any, program: str) -> None:
    assert own_program(image) == program


@pytest.mark.parametrize("repository", ["sagemaker-data-wrangler-container:5.x", "churn:1"])
def test_a_processing_job_without_an_entrypoint(repository: str) -> None:
    item = changed(processing("S", CODE), "AppSpecification", {"ImageUri": f"{ECR}/{repository}"})
    (problem,) = problems(item)
    program = own_program(repository)
    assert problem == (
        f"step 'S': AppSpecification has no ContainerEntrypoint, and {program} needs Docker; give "
        "it one with a script, as ScriptProcessor does"
    )


def test_a_processing_job_that_starts_a_program_of_its_image() -> None:
    item = changed(processing("S", CODE), ENTRYPOINT, ["smspark-submit", "/opt/ml/x.py"])
    spark = changed(item, "AppSpecification.ImageUri", f"{ECR}/sagemaker-spark-processing:3.3")
    assert problems(spark) == [
        "step 'S': the entrypoint 'smspark-submit' is a program of its container image (Spark), "
        "which needs Docker; give python3 and a script"
    ]


@pytest.mark.parametrize(
    "python",
    [
        "python",
        "python3.9",
        "/usr/bin/python3",
        "/opt/conda/bin/python3.10",
        "/miniconda3/bin/python",
    ],
)
def test_a_containers_python_is_the_one_here(python: str) -> None:
    assert problems(changed(processing("S", CODE), f"{ENTRYPOINT}.0", python)) == []


@pytest.mark.parametrize(
    ("repository", "program"),
    [
        ("object2vec:1", "the built-in algorithm object2vec"),
        ("churn:1", "what the image 'churn:1'"),
    ],
)
def test_a_training_job_without_a_script(repository: str, program: str) -> None:
    item = changed(training("S", SCRIPT), "InputDataConfig", [])
    image = changed(item, "AlgorithmSpecification.TrainingImage", f"{ECR}/{repository}")
    problem = next(found for found in problems(image) if "script" in found)
    assert problem.startswith(f"step 'S': it has no script, and {program}")
    assert problem.endswith("give ModelTrainer a SourceCode with source_dir and entry_script")


def test_variables_name_no_script_of_a_training_job() -> None:
    item = changed(training("S", SCRIPT), "InputDataConfig", [])
    image = changed(item, "AlgorithmSpecification.TrainingImage", f"{ECR}/sagemaker-scikit-learn:1")
    variables = {"SAGEMAKER_PROGRAM": "a.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/a.tar.gz"}
    found = problems(changed(image, "Environment", variables))
    assert any("by the hyperparameters sagemaker_program and sagemaker_s" in told for told in found)


def test_a_notebook_job_is_called_one() -> None:
    image = {"TrainingImage": f"{ECR}/sagemaker-base-python-310:1.0", "TrainingInputMode": "File"}
    starts = {**image, "ContainerEntrypoint": ["amazon_sagemaker_scheduler"]}
    item = changed(training("S", SCRIPT), "InputDataConfig", [])
    found = problems(changed(item, "AlgorithmSpecification", starts))
    assert any("it has no script, and a notebook job needs Docker" in problem for problem in found)


def scored(**members: Any) -> list[str]:
    """Problems of a transform job whose model the pipeline makes."""
    made = model("Make", "s3://b/model.tar.gz")
    made["Arguments"]["PrimaryContainer"] |= members
    return problems(made, transform("S", get("Steps.Make.ModelName"), "s3://b/d", "s3://b/o"))


def test_tensorflow_serving_is_refused_with_a_script_too() -> None:
    image = f"{ECR}/tensorflow-inference:2.6.3-cpu"
    (problem,) = scored(Image=image, Environment={"SAGEMAKER_PROGRAM": "inference.py"})
    assert problem == (
        f"step 'S': the model's image '{image}' answers with TensorFlow Serving, which needs "
        "Docker; give the model another image, and a script with model_fn (step 'Make')"
    )


def test_an_empty_name_of_a_script_is_none() -> None:
    empty = {"SAGEMAKER_PROGRAM": "", "SAGEMAKER_SUBMIT_DIRECTORY": ""}
    (problem,) = scored(Image=f"{ECR}/huggingface-pytorch-inference:1.9", Environment=empty)
    assert "the model has no script, and the Hugging Face inference toolkit needs" in problem
    assert scored(Image=IMAGE, Environment=empty) == []


def test_each_container_of_a_pipeline_is_asked_before_it_runs() -> None:
    made = model("Make", "s3://b/model.tar.gz")
    container = made["Arguments"].pop("PrimaryContainer")
    made["Arguments"]["Containers"] = [
        {**container, "Image": IMAGE, "Environment": {"SAGEMAKER_PROGRAM": "a.py"}},
        {**container, "Image": f"{ECR}/sagemaker-sparkml-serving:3.3", "Environment": {}},
    ]
    (found,) = problems(made, transform("S", get("Steps.Make.ModelName"), "s3://b/d", "s3://b/o"))
    assert "the model has no script, and SparkML Serving needs Docker" in found
    assert found.endswith("(step 'Make', container 2)")
