"""Lineage: from a model package back to what made it, from data on to its models."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pipelines
import pytest

from {{ cookiecutter.package_name }} import cli, errors, paths, registry, settings
from {{ cookiecutter.package_name }}.runs import lineage, progress, record, surroundings
from {{ cookiecutter.package_name }}.sessions import open as opening


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session, and a folder for runs, with nothing in them."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path / "state")
    monkeypatch.setattr(record, "RUNS", tmp_path / "runs")
    return opening.open_session("local", warm=False)


GROUP = f"{settings.PROJECT_SLUG}-xgboost"


def train_on(session: Any, file: Path) -> record.Run:
    """A run that registers a model of this data."""
    uri = session.upload_content(file, key_prefix="input")
    steps = (pipelines.evaluate(session), pipelines.register(GROUP))
    execution = pipelines.start(session, *steps, data=uri)
    with record.recorded(execution, session, file) as run:
        progress.follow(execution, session)
    return record.Run(run.folder)


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_and_whether_the_tree_is_that_commit(tmp_path: Path) -> None:
    assert surroundings.git_state(tmp_path) is None
    git(tmp_path, "init")
    assert surroundings.git_state(tmp_path) is None  # no commit yet
    file = tmp_path / "code.py"
    file.write_text("one", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = surroundings.git_state(tmp_path)
    assert clean and clean["clean"] and len(clean["commit"]) == 40
    file.write_text("two", encoding="utf-8")
    assert surroundings.git_state(tmp_path) == clean | {"clean": False}


def test_there_may_be_no_git_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert surroundings.git_state() is None


def test_the_versions_name_the_libraries_that_are_there() -> None:
    found = surroundings.versions()
    assert {"python", "sagemaker", "pandas", "scikit-learn"} <= set(found)
    assert {"xgboost", "xgboost-cpu"} & set(found)


def test_back_from_a_package_to_what_made_it(local: Any, tmp_path: Path) -> None:
    file = pipelines.data_file(tmp_path)
    run = train_on(local, file)
    document = lineage.of_package(local, registry.find(local, GROUP, 1))
    known = json.loads((run.folder / record.LINEAGE).read_text(encoding="utf-8"))
    assert document == known
    assert document["status"] == "Succeeded"
    assert document["data_uri"].endswith("/cars.csv")
    bucket, _, key = document["data_uri"].removeprefix("s3://").partition("/")
    assert local.read_s3_file(bucket, key) == file.read_text(encoding="utf-8")
    client = local.sagemaker_client
    definition = client.describe_pipeline_definition_for_execution(
        PipelineExecutionArn=document["execution"]
    )["PipelineDefinition"]
    assert lineage.hashlib.sha256(definition.encode()).hexdigest() == document["definition_sha256"]
    package = client.describe_model_package(ModelPackageName=document["model_packages"][0])
    properties = package["CustomerMetadataProperties"]
    assert properties["execution"] == document["execution"]
    assert properties["data_fingerprint"] == document["data_fingerprint"]
    assert max(map(len, properties.values())) <= lineage.MAX_VALUE


def test_on_from_data_to_its_packages(local: Any, tmp_path: Path) -> None:
    file = pipelines.data_file(tmp_path)
    first = train_on(local, file)
    copy = shutil.copy(file, tmp_path / "another name.csv")
    file.write_text("a,b\n3,4\n", encoding="utf-8")
    second = train_on(local, file)

    def versions_of(source: str | Path) -> list[int]:
        return [package["ModelPackageVersion"] for package in lineage.of_data(local, source)]

    assert versions_of(copy) == [1]
    assert versions_of(file) == [2]
    assert versions_of(first.lineage["data_uri"]) == [1]
    assert versions_of(second.lineage["data_uri"]) == [2]
    file.write_text("a,b\n5,6\n", encoding="utf-8")
    assert versions_of(file) == []


def test_a_given_value_is_recorded_and_not_the_default(local: Any) -> None:
    """A default may have changed since, and the record must say what ran."""
    execution = pipelines.start(local, pipelines.evaluate(local), InputData="s3://given")
    client = local.sagemaker_client
    text = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution.arn)
    definition = json.loads(text["PipelineDefinition"])
    definition["Parameters"].append({"Name": "Depth", "Type": "Integer", "DefaultValue": 6})
    values = lineage.pipeline_parameters(local, execution.arn, json.dumps(definition))
    assert values == {"InputData": "s3://given", "Depth": 6}
    progress.follow(execution, local)


def test_a_value_that_the_service_would_refuse_is_left_out(local: Any, tmp_path: Path) -> None:
    """The whole document keeps it."""
    created = local.sagemaker_client.create_model_package(**pipelines.REGISTRATION)
    package = created["ModelPackageArn"]
    file = tmp_path / "lineage.json"
    longest = "x" * 256
    facts = {"run": longest, "data_uri": longest + "x", "execution": ""}
    file.write_text(json.dumps(facts), encoding="utf-8")
    uri = lineage.attach(local, package, file)
    described = local.sagemaker_client.describe_model_package(ModelPackageName=package)
    assert described["CustomerMetadataProperties"] == {"run": longest, "lineage_uri": uri}
    assert lineage.of_package(local, described) == facts


def test_a_package_without_lineage_says_so(local: Any) -> None:
    created = local.sagemaker_client.create_model_package(**pipelines.REGISTRATION)
    package = local.sagemaker_client.describe_model_package(
        ModelPackageName=created["ModelPackageArn"]
    )
    with pytest.raises(errors.ProjectError, match="has no lineage"):
        lineage.of_package(local, package)


class Endpoints:
    """A client with two endpoints; one serves a package, the other an artifact."""

    MODELS = (
        ("live", {"Containers": [{"ModelPackageName": "arn:package/1"}]}),
        ("old", {"PrimaryContainer": {"ModelDataUrl": "s3://b/old.tar.gz"}}),
    )

    def get_paginator(self, _: str) -> Any:
        names = [{"EndpointName": name} for name, _ in self.MODELS]
        return SimpleNamespace(paginate=lambda: [{"Endpoints": names}])

    list_endpoints = get_paginator

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        return {"EndpointConfigName": EndpointName}

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return {"ProductionVariants": [{"ModelName": EndpointConfigName}]}

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        return dict(self.MODELS)[ModelName]


@pytest.mark.parametrize(
    ("arn", "artifact", "expected"),
    [
        ("arn:package/1", "s3://b/1.tar.gz", ["live"]),
        ("arn:package/2", "s3://b/old.tar.gz", ["old"]),
        ("arn:package/3", "s3://b/3.tar.gz", []),
    ],
)
def test_where_a_package_is_deployed(arn: str, artifact: str, expected: list[str]) -> None:
    package = {
        "ModelPackageArn": arn,
        "InferenceSpecification": {"Containers": [{"ModelDataUrl": artifact}]},
    }
    session = SimpleNamespace(sagemaker_client=Endpoints())
    assert lineage.endpoints(session, package) == expected


def test_the_command_line(
    local: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(opening, "open_session", lambda *_, **__: local)
    file = pipelines.data_file(tmp_path)
    cli.main(["lineage", "of-data", str(file)])
    assert "no registered model was trained on" in capsys.readouterr().out
    run = train_on(local, file)
    capsys.readouterr()
    cli.main(["lineage", "of-data", str(file)])
    listed = capsys.readouterr().out
    assert f"{GROUP} version 1" in listed and run.name in listed
    cli.main(["lineage", "of-package", "1"])
    shown = capsys.readouterr().out
    for fact in ("execution", "data_uri", "definition_sha256", "data_fingerprint"):
        assert run.lineage[fact] in shown
    cli.main(["lineage", "of-package", "1", "--json"])
    assert json.loads(capsys.readouterr().out)["run"] == run.name
    with pytest.raises(SystemExit, match="has no version 7; it has 1"):
        cli.main(["lineage", "of-package", "7"])
    with pytest.raises(SystemExit, match="does not exist"):
        cli.main(["lineage", "of-data", "nowhere.csv"])
