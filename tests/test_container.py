"""What SageMaker would do with the same requests: in its image, rebuilt, with a `/opt/ml`.

Jobs that have run in the local session run once more in containers of the image, and leave the
same. Their requests are those of the session's jobs, so what is proved is what the pipeline asks
for. None of these containers sees a network.
"""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, run_notebook, staged_for_search
from replica.container import container, write_training_config
from replica.server import Answer, Server

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
Job = dict[str, Any]

PREDICT = """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
answers = {}
for kind, body in json.load(sys.stdin).items():
    records = inference.input_fn(body, kind)
    answers[kind] = inference.output_fn(inference.predict_fn(records, model), "application/json")
print(json.dumps([answer if isinstance(answer, str) else answer[0] for answer in answers.values()]))
"""


@pytest.fixture(scope="module")
def trained(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the training pipeline has run once in the local session."""
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("container") / "project"))
    run_notebook(run, project, sample_rows=1500, rounds=100).succeeded()
    return project


@pytest.fixture(scope="module")
def state(trained: Path) -> LocalState:
    """What that run left."""
    return LocalState(trained)


def job_of(state: LocalState, step: str, kind: str) -> tuple[Job, Path]:
    """The job of a step of the last execution, described, and its /opt/ml."""
    name = state.steps()[step]["Metadata"][f"{kind}Job"]["Arn"].rsplit("/", 1)[1]
    describe = getattr(state.session.sagemaker_client, f"describe_{kind.lower()}_job")
    return describe(**{f"{kind}JobName": name}), state.root / "jobs" / name / "ml"


@pytest.fixture(scope="module")
def model(state: LocalState, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that the run registered, unpacked."""
    (package,) = state.packages()
    uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    return unpack(state.path(uri), tmp_path_factory.mktemp("model"))


def unpack(archive: Path, folder: Path) -> Path:
    shutil.unpack_archive(archive, folder)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    """The contents of a folder's files, by their path in it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if ".partial" not in f.parts}


def records(project: Path) -> list[dict[str, Any]]:
    """A few raw test rows, among them an unseen category and a missing number."""
    (test,) = (project / ".sagemaker-local" / "s3").rglob("test.csv")
    with test.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))[:5]
    rows[0]["make"] = "never seen"
    rows[1]["mileage_km"] = None
    return [{name: value for name, value in row.items() if name != "price"} for row in rows]


def requests(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The same rows as each content type."""
    table = io.StringIO()
    csv.writer(table).writerows(row.values() for row in rows)
    return {
        "text/csv": table.getvalue(),
        "application/json": json.dumps({"instances": rows}),
        "application/jsonlines": "".join(json.dumps(row) + "\n" for row in rows),
    }


def predict(python: Path | str, model: Path, rows: list[dict[str, Any]]) -> list[list[float]]:
    """What an artifact's own inference code answers to each content type, in a fresh process."""
    done = subprocess.run(
        [python, "-c", PREDICT, str(model)],
        input=json.dumps(requests(rows)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(answer)["predictions"] for answer in json.loads(done.stdout)]
    return [[row["prediction"] for row in answer] for answer in answers]


def test_the_artifact_serves_with_the_libraries_of_the_managed_image(
    trained: Path, model: Path, image: Path
) -> None:
    there = predict(image / "bin" / "python", model, records(trained))
    here = predict(sys.executable, model, records(trained))

    assert len(there) == 3 and there[0] == there[1] == there[2], "one answer, whatever the format"
    assert there[0] == pytest.approx(here[0], rel=1e-6)
    assert len(set(there[0])) > 1


# Processing


@pytest.mark.parametrize("step", ["Preprocess", "Evaluate", "Baseline"])
def test_a_processing_job_fills_volumes_of_their_own(
    state: LocalState, containers: Path, tmp_path: Path, step: str
) -> None:
    job, local = job_of(state, step, "Processing")
    ml = tmp_path / "ml"
    shutil.copytree(local / "processing" / "input", ml / "processing" / "input")
    outputs = job["ProcessingOutputConfig"]["Outputs"]
    mounts = {}
    for output in outputs:
        folder = tmp_path / output["OutputName"]
        folder.mkdir()
        mounts[output["S3Output"]["LocalPath"]] = folder
    specification = job["AppSpecification"]
    with container(containers, ml) as job_container:
        done = job_container.run(
            [*specification["ContainerEntrypoint"], *specification["ContainerArguments"]],
            job.get("Environment"),
            mounts,
        )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for output in outputs:
        made = files_in(tmp_path / output["OutputName"])
        expected = files_in(state.path(output["S3Output"]["S3Uri"]))
        assert made.keys() == expected.keys() and made
        if step == "Preprocess":  # what is measured may differ in a last digit
            assert made == expected


# Training


def training_folder(local: Path, ml: Path) -> Path:
    shutil.copytree(local / "input", ml / "input")
    (ml / "model").mkdir()
    (ml / "output").mkdir()
    return ml


def test_the_sdk_s_own_driver_trains_the_same_model(
    trained: Path, state: LocalState, model: Path, containers: Path, tmp_path: Path
) -> None:
    job, local = job_of(state, "Train", "Training")
    ml = training_folder(local, tmp_path / "ml")
    specification = job["AlgorithmSpecification"]
    with container(containers, ml) as job_container:
        done = job_container.run(
            [*specification["ContainerEntrypoint"], *specification["ContainerArguments"]],
            {**job.get("Environment", {}), "TRAINING_JOB_NAME": job["TrainingJobName"]},
        )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Running Basic Script driver" in done.stdout
    assert "validation:rmse=" in done.stdout
    assert files_in(ml / "model").keys() == files_in(model).keys()
    rows, python = records(trained), containers / "bin" / "python"
    assert predict(python, ml / "model", rows)[0] == pytest.approx(
        predict(python, model, rows)[0], rel=1e-6
    )


@pytest.mark.parametrize("offline", [True, False])
def test_a_job_of_a_search_installs_and_runs_the_script_without_internet(
    trained: Path, run: Run, state: LocalState, containers: Path, tmp_path: Path, offline: bool
) -> None:
    job, local = job_of(state, "Train", "Training")
    ml = training_folder(local, tmp_path / "ml")
    staged = staged_for_search(run, trained)
    code = ml / "input" / "data" / "code"
    shutil.rmtree(code)
    code.mkdir()
    shutil.make_archive(str(code / "sourcedir"), "gztar", staged)
    hyperparameters = {
        **job["HyperParameters"],
        "max_depth": "3",
        "min_child_weight": "2.5",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
        "_tuning_objective_metric": "validation:rmse",
    }
    write_training_config(ml, hyperparameters, ["train", "validation", "schema"])
    variables = job["Environment"] if offline else {"PIP_RETRIES": "0"}
    with container(containers, ml) as job_container:
        done = job_container.run(["train"], variables)

    if not offline:  # which shows what the pipeline's variable is for
        assert done.returncode != 0
        assert "setuptools" in done.stdout + done.stderr
        return
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "-m train --" in done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("[0]")]
    assert line.startswith("[0]#011validation-rmse:")
    assert "model.ubj" in files_in(ml / "model")


# Serving


@pytest.fixture(scope="module")
def server(
    state: LocalState, model: Path, containers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The image's server with the model and the variables of the registered package."""
    (package,) = state.packages()
    ml = tmp_path_factory.mktemp("serve") / "ml"
    shutil.copytree(model, ml / "model")
    environment = package["InferenceSpecification"]["Containers"][0]["Environment"]
    with container(containers, ml) as endpoint, endpoint.serve(environment) as serving:
        yield serving


def predictions(answer: Answer) -> list[float]:
    """The predictions of an answer of any type."""
    kind = answer.content_type
    if kind == "application/json":
        return [row["prediction"] for row in json.loads(answer.body)["predictions"]]
    lines = answer.body.splitlines()
    if kind == "application/jsonlines":
        return [json.loads(line)["prediction"] for line in lines]
    return [float(line) for line in lines]


def test_the_server_is_healthy_and_has_no_parameters_for_batches(server: Server) -> None:
    assert server.request("/ping") == Answer(200, "application/json", "")
    assert server.request("/execution-parameters").status == 404


def test_every_content_type_is_answered_as_every_other(
    server: Server, trained: Path, model: Path
) -> None:
    rows = records(trained)
    expected = predict(sys.executable, model, rows)[0]
    for content_type, body in requests(rows).items():
        for accept in ("application/json", "text/csv", "application/jsonlines"):
            answer = server.request("/invocations", body, content_type, accept)
            assert (answer.status, answer.content_type.partition(";")[0]) == (200, accept)
            assert predictions(replaced(answer, accept)) == pytest.approx(expected, rel=1e-6)


def replaced(answer: Answer, content_type: str) -> Answer:
    """The answer without the parameters of its type."""
    return Answer(answer.status, content_type, answer.body)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/plain;q=0.5", "application/json"),
        ("text/html, text/csv;q=0.9", "text/csv"),
    ],
)
def test_the_type_of_an_answer_is_one_that_the_caller_accepts(
    server: Server, trained: Path, accept: str, content_type: str
) -> None:
    body = json.dumps(records(trained))
    answer = server.request("/invocations", body, "application/json", accept)
    assert (answer.status, answer.content_type.partition(";")[0]) == (200, content_type)


@pytest.mark.parametrize(
    ("change", "content_type", "accept", "status", "sentence"),
    [
        ({"mileage_km": "far"}, "application/json", "", 400, "mileage_km: not a number in 1 row"),
        ({"first_registered": "2999-01-01"}, "application/json", "", 400, "first_registered"),
        ("1,2", "text/csv", "", 400, "record 1 has 2 values, not the 13 of: "),
        (";".join("1" * 13), "text/csv", "", 400, "; separate them by commas, not semicolons"),
        ("{", "application/json", "", 400, "the request is not valid application/json"),
        ({}, "text/plain", "", 415, "content type 'text/plain' is not text/csv"),
        ({}, "application/json", "text/html", 406, "accept 'text/html' allows none of"),
    ],
)
def test_a_caller_s_mistake_comes_back_as_a_sentence(
    server: Server,
    trained: Path,
    change: dict[str, Any] | str,
    content_type: str,
    accept: str,
    status: int,
    sentence: str,
) -> None:
    row = records(trained)[2]
    body = change if isinstance(change, str) else json.dumps({**row, **change})
    answer = server.request("/invocations", body, content_type, accept)
    assert (answer.status, answer.content_type) == (status, "application/json")
    assert sentence in json.loads(answer.body)["error"]

    answer = server.request("/invocations", json.dumps(row), "application/json")
    assert answer.status == 200 and len(predictions(answer)) == 1, "and it serves on"
