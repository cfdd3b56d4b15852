"""Sessions and the registry."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import cli, errors, paths, registry, settings
from {{ cookiecutter.package_name }}.sessions import managed
from {{ cookiecutter.package_name }}.sessions import open as opening

PACKAGE = {
    "InferenceSpecification": {
        "Containers": [{"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
}


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session with nothing in it."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path)
    return opening.open_session("local", warm=False)


def register(session: Any, group: str, url: str = "s3://bucket/model.tar.gz") -> str:
    """Register a package and give its ARN."""
    container = {"Image": "image", "ModelDataUrl": url}
    specification = {**PACKAGE["InferenceSpecification"], "Containers": [container]}
    created = session.sagemaker_client.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification
    )
    return str(created["ModelPackageArn"])


def test_a_mode_that_does_not_exist() -> None:
    with pytest.raises(errors.ProjectError, match="'remote'; it can be 'local' or 'managed'"):
        opening.open_session("remote")


def test_a_session_for_single_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path)
    options = {"warm": False, "debug": "Train"}
    for_pipelines = opening.open_session("local", **options)
    for_jobs = opening.open_session("local", **options, pipeline=False)
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    assert isinstance(for_pipelines, PipelineSession)
    assert not isinstance(for_jobs, PipelineSession)
    for session in (for_pipelines, for_jobs):
        assert session.default_bucket_prefix == settings.PROJECT_SLUG
        assert session.sagemaker_client.debug == "Train"


def test_a_managed_session_does_not_debug() -> None:
    with pytest.raises(errors.ProjectError, match="debug in a local one"):
        opening.open_session("managed", debug=True)


@pytest.mark.parametrize(
    ("url", "seconds"),
    [("http://127.0.0.1:4566", 0.5), ("https://api.sagemaker.eu-west-3.amazonaws.com", 15.0)],
)
def test_a_service_on_this_machine_is_asked_often(url: str, seconds: float) -> None:
    client = SimpleNamespace(meta=SimpleNamespace(endpoint_url=url))
    assert managed.poll_seconds(client) == seconds


def test_the_champion_is_the_highest_approved_version(local: Any) -> None:
    assert "no-champion" in registry.champion_uri(local, "cars")
    for number in (1, 2, 3):
        register(local, "cars", f"s3://bucket/{number}.tar.gz")
    assert "no-champion" in registry.champion_uri(local, "cars")
    registry.approve(local, "cars", 2)
    registry.approve(local, "cars", 1)
    assert registry.champion_uri(local, "cars") == "s3://bucket/2.tar.gz"


def test_groups_are_told_apart_by_their_whole_name(local: Any) -> None:
    register(local, "cars-linear-2")
    assert registry.packages(local, "cars-linear") == []


def test_a_task_has_a_group_of_its_own_for_each_family() -> None:
    slug = settings.PROJECT_SLUG
    assert registry.group_name("linear") == f"{slug}-linear"
    assert registry.group_name("linear", "houses") == f"{slug}-houses-linear"
    with pytest.raises(errors.ProjectError, match="use letters, digits and hyphens"):
        registry.group_name("linear", "my houses")


def test_approving_a_version_that_does_not_exist(local: Any) -> None:
    register(local, "cars")
    with pytest.raises(errors.ProjectError, match="cars has no version 9; it has 1"):
        registry.approve(local, "cars", 9)
    with pytest.raises(errors.ProjectError, match="vans has no version 1; it has none"):
        registry.approve(local, "vans", 1)


def test_the_command_line(
    local: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "open_session", lambda *_, **__: local)
    cli.main(["registry", "list"])
    assert "no model is registered" in capsys.readouterr().out
    group = f"{settings.PROJECT_SLUG}-linear"
    register(local, group)
    cli.main(["registry", "approve", "--version", "1", "--family", "linear"])
    cli.main(["registry", "list"])
    printed = capsys.readouterr().out
    assert f"{group}/1" in printed and "version 1   Approved" in printed
    with pytest.raises(SystemExit, match="has no version 2"):
        cli.main(["registry", "approve", "--version", "2", "--family", "linear"])
