"""`prune`: old runs and what the session needs no more go; what a registered model needs stays."""

from pathlib import Path
from typing import Any

import pipelines
import pytest

from {{ cookiecutter.package_name }} import cli, paths, registry, settings
from {{ cookiecutter.package_name }}.runs import lineage, progress, record
from {{ cookiecutter.package_name }}.sessions import open as opening

GROUP = f"{settings.PROJECT_SLUG}-xgboost"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session, and a folder for runs, with nothing in them."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path / "state")
    monkeypatch.setattr(record, "RUNS", tmp_path / "runs")
    return opening.open_session("local", warm=False)


def run_of(session: Any, file: Path, *steps: Any) -> record.Run:
    """A recorded run on data that was uploaded."""
    uri = session.upload_content(file, key_prefix="input")
    execution = pipelines.start(session, *steps, data=uri)
    with record.recorded(execution, session, file) as run:
        progress.follow(execution, session)
    made_earlier = run.folder.with_name(f"20200101-000000-{run.name[16:]}")
    run.folder.rename(made_earlier)
    return record.Run(made_earlier)


def pruned(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    cli.main(["prune", *words])
    return capsys.readouterr().out


def test_a_registered_model_keeps_its_run_and_its_lineage(
    local: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pipelines.data_file(tmp_path)
    evaluate = pipelines.evaluate(local)
    kept = run_of(local, file, evaluate, pipelines.register(GROUP))
    package = registry.find(local, GROUP, 1)
    registry.approve(local, GROUP, 1)
    known = lineage.of_package(local, package)
    left = run_of(local, file, evaluate)
    managed = record.Run(record.RUNS / "20200101-000000-managed")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abcdefghijkl"
    managed.write(record.LINEAGE, {"execution": arn, "model_packages": ["a"]})
    told = pruned(capsys, "--older-than", "0", "--dry-run")
    assert left.name in told and kept.name not in told and managed.name not in told
    assert left.folder.is_dir()
    assert left.name in pruned(capsys, "--older-than", "0")
    assert not left.folder.exists()
    assert {run.name for run in record.all_runs()} == {managed.name, kept.name}
    assert registry.find(local, GROUP, 1)["ModelApprovalStatus"] == "Approved"
    assert lineage.of_package(local, package) == known
    bucket, _, key = known["data_uri"].removeprefix("s3://").partition("/")
    assert local.read_s3_file(bucket, key) == file.read_text(encoding="utf-8")
    assert pruned(capsys, "--older-than", "0d") == "freed 0.0 MB\n"


def test_runs_that_never_had_an_execution_go_by_their_age(
    local: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("20200101-000000-no-execution", "29990101-000000-no-execution"):
        record.Run(record.RUNS / name).write(record.LINEAGE, {"run": name})
    assert "20200101-000000-no-execution" in pruned(capsys, "--older-than", "30")
    assert [run.name[:4] for run in record.all_runs()] == ["2999"]


def test_an_age_that_is_none_is_refused(local: Any) -> None:
    with pytest.raises(SystemExit, match="prune: --older-than: 'old' is no age: give days"):
        cli.main(["prune", "--older-than", "old"])
