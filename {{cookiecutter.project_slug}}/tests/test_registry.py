"""Which model package batch jobs and endpoints use."""

from pathlib import Path
from typing import Any

import pytest
from pipelines import REGISTRATION

from {{ cookiecutter.package_name }} import cli, errors, paths, registry
from {{ cookiecutter.package_name }}.sessions import open as opening


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session with three versions of a model, none of them approved."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path / "state")
    session = opening.open_session("local", warm=False)
    session.upload_string_as_file_body("model", session.default_bucket(), "model.tar.gz")
    session.sagemaker_client.create_model_package_group(ModelPackageGroupName="cars")
    for _ in range(3):
        session.sagemaker_client.create_model_package(
            ModelApprovalStatus="PendingManualApproval", **REGISTRATION
        )
    return session


def used(session: Any, version: int = 0) -> int:
    return int(registry.to_use(session, "cars", version)["ModelPackageVersion"])


def test_the_highest_approved_version_is_used_or_the_one_that_is_named(local: Any) -> None:
    for approved, champion in ((2, 2), (1, 2), (3, 3)):
        registry.approve(local, "cars", approved)
        assert used(local) == champion
    assert used(local, 1) == 1
    with pytest.raises(errors.ProjectError, match="cars has no version 9; it has 3, 2, 1"):
        used(local, 9)


def test_without_an_approved_one_a_sentence_says_how_to_approve(local: Any) -> None:
    command = r"registry approve --session local --group cars --version 3`$"
    with pytest.raises(errors.ProjectError, match=rf"no approved version; .*{command}"):
        used(local)
    with pytest.raises(errors.ProjectError, match="trucks has no model yet; notebook 03 registers"):
        registry.to_use(local, "trucks")


def test_a_task_says_whose_models_are_meant(local: Any, capsys: pytest.CaptureFixture[str]) -> None:
    of_task = registry.group_name("xgboost", "houses")
    others = registry.group_name("xgboost", "houses-old")
    client = local.sagemaker_client
    for group in (of_task, others):
        client.create_model_package_group(ModelPackageGroupName=group)
        client.create_model_package(**REGISTRATION | {"ModelPackageGroupName": group})
    asked = ["--version", "1", "--session", "local"]
    cli.main(["registry", "approve", "--task", "houses", *asked])
    assert registry.champion(local, of_task) and not registry.champion(local, others)
    with pytest.raises(SystemExit, match=f"but .*{of_task}.* has some: name its task"):
        cli.main(["registry", "approve", *asked])
    capsys.readouterr()
    cli.main(["registry", "list", "--task", "houses-old"])
    listed = capsys.readouterr().out
    assert others in listed and of_task not in listed.splitlines()
