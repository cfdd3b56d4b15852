"""The training pipeline on two hosts: one run from a folder of files, looked at from all sides."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Bake, copied
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

FILES, ROWS = 3, 400


@pytest.fixture(scope="module")
def project(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a folder of files: listings, a marker that is none, and a hidden copy."""
    project = copied(bake(), tmp_path_factory.mktemp("hosts"))
    program = (
        "from used_car_prices import sample_data; from pathlib import Path;"
        f"sample_data.write_sample(Path('data/whole.csv'), {FILES * ROWS})"
    )
    assert run(["python", "-c", program], project).returncode == 0
    header, *rows = (project / "data" / "whole.csv").read_text().splitlines(keepends=True)
    folder = project / "data" / "listings"
    folder.mkdir()
    for number in range(FILES):
        part = rows[number * ROWS : (number + 1) * ROWS]
        (folder / f"part-{number}.csv").write_text(header + "".join(part))
    (folder / "_SUCCESS").touch()
    return project


ASKED: dict[str, Any] = {
    "target": "price",
    "rounds": 40,
    "metric_threshold": 0.3,
    "processing_instance_count": 2,
    "training_instance_count": 2,
}


@pytest.fixture(scope="module")
def ran(project: Path, run: Run) -> LocalState:
    """What a run on two hosts left."""
    run_notebook(run, project, input_data=project / "data" / "listings", **ASKED).succeeded()
    return LocalState(project)


def job_of(state: LocalState, step: str) -> Path:
    """The folder of a step's job."""
    ((_, found),) = state.steps()[step]["Metadata"].items()
    return state.root / "jobs" / found["Arn"].rpartition("/")[2]


def test_a_model_of_two_hosts_is_registered(ran: LocalState) -> None:
    (package,) = ran.packages()
    evaluation = ran.evaluation(package)
    assert evaluation["regression_metrics"]["r2"]["value"] > 0.5
    assert {"model.ubj", "signature.json", "code/inference.py"} <= set(ran.artifact(package))
    assert {step["StepStatus"] for step in ran.steps().values()} == {"Succeeded"}


def test_each_host_of_preprocess_had_files_of_its_own(ran: LocalState) -> None:
    folder = job_of(ran, "Preprocess")
    hosts = (folder, folder / "algo-2")
    given = [
        {file.name for file in (host / "ml/processing/input/data").rglob("*.csv")} for host in hosts
    ]
    assert given[0].isdisjoint(given[1])
    assert given[0] | given[1] == {f"part-{number}.csv" for number in range(FILES)}
    left = [
        {file.name for file in (host / "ml/processing/output/train").iterdir()} for host in hosts
    ]
    assert left == [{"train-algo-1.csv"}, {"train-algo-2.csv"}]


def test_rows_are_where_one_host_puts_them(ran: LocalState, project: Path, run: Run) -> None:
    words = ["--input", str(project / "data" / "listings"), "--target", "price"]
    alone = project / "alone"
    script = project / "runtime" / "preprocess.py"
    done = run(["python", str(script), *words, "--output", str(alone)], project)
    assert done.returncode == 0, done.stderr
    outputs = [job_of(ran, "Preprocess") / place for place in ("", "algo-2")]
    schema = json.loads((alone / "schema" / "schema.json").read_text())
    for split in ("train", "validation", "test"):
        (own,) = (alone / split).glob("*.csv")
        header, *rows = own.read_text().splitlines()
        parts = [
            file.read_text().splitlines()
            for place in outputs
            for file in (place / "ml/processing/output" / split).glob("*.csv")
        ]
        assert [part[0] for part in parts] == [header, header]
        assert sorted(row for part in parts for row in part[1:]) == sorted(rows)
        assert schema["rows"][split] == len(rows)


def test_every_raw_test_record_is_answered(ran: LocalState) -> None:
    name = job_of(ran, "Transform").name
    job = ran.session.sagemaker_client.describe_transform_job(TransformJobName=name)
    (records, answers) = (
        ran.path(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]),
        ran.path(job["TransformOutput"]["S3OutputPath"]),
    )
    for file in records.iterdir():
        asked = file.read_text().splitlines()
        assert len((answers / f"{file.name}.out").read_text().splitlines()) == len(asked) > 0


def test_one_host_trained_and_both_took_part(ran: LocalState) -> None:
    folder = job_of(ran, "Train")
    assert not list((folder / "algo-2" / "ml" / "model").iterdir())
    variables = json.loads((folder / "algo-2/ml/input/config/resourceconfig.json").read_text())
    assert (variables["current_host"], variables["hosts"]) == ("algo-2", ["algo-1", "algo-2"])
    assert "validation:rmse=" in (folder / "job.log").read_text()
    assert "validation:rmse=" not in (folder / "algo-2" / "job.log").read_text()


def test_the_definition_keeps_the_services_rules(ran: LocalState) -> None:
    arn = ran.executions()[0]["PipelineExecutionArn"]
    described = ran.session.sagemaker_client.describe_pipeline_definition_for_execution(
        PipelineExecutionArn=arn
    )
    plan = ran.session.plan(described["PipelineDefinition"])
    assert (plan.refusals, plan.doubts, plan.few) == ((), (), ())
