"""What people name: a window of the past, and a file of labels."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sagemaker_local import LocalSession

from monitoring import ground_truth

from {{ cookiecutter.package_name }} import registry
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import labels, past, watched


def test_a_window_is_the_newest_or_a_past_time() -> None:
    assert past.read("newest") is None
    found = past.read("2026-11-25T10:00Z/2026-11-25T11:30")
    assert found is not None
    assert found.end == datetime(2026, 11, 25, 11, 30, tzinfo=UTC)
    assert found.parameters()["Start"] == "2026-11-25T10:00:00+00:00"


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("yesterday", "newest, or a start and an end such as 2026-"),
        ("2026-11-25T10:00Z", "newest, or a start and an end such as 2026-"),
        ("2026-11-25T10:00Z/2026-11-25T10:00Z", "an end that comes after it"),
    ],
)
def test_what_is_no_window_is_said(window: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        past.read(window)


def test_labels_are_put_where_the_monitoring_looks_and_never_twice(tmp_path: Path) -> None:
    session = LocalSession(tmp_path / "state", default_bucket_prefix="own", warm=False)
    file = tmp_path / "labels.csv"
    file.write_text('id,label\na,"red, dark"\nb,blue\n')
    assert "2 labels are at s3://" in labels.add(session, "Cars", str(file))
    file.write_text("id,label\nb,blue\nc,red\n")
    assert "1 labels are at s3://" in labels.add(session, "cars", str(file))
    assert "all 2 labels" in labels.add(session, "cars", str(file))
    file.write_text("id,label\nb,green\n")
    with pytest.raises(ProjectError, match="says 'green' of 'b', which had 'blue' before"):
        labels.add(session, "cars", str(file))
    folder = watched.folder(session, "cars").removeprefix("s3://")
    kept = (tmp_path / "state" / "s3" / folder / "ground-truth").rglob("*.jsonl")
    assert ground_truth.read(sorted(kept)) == {"a": "red, dark", "b": "blue", "c": "red"}


def test_labels_that_nobody_would_look_at_are_refused(tmp_path: Path) -> None:
    session = LocalSession(tmp_path / "state", default_bucket_prefix="own", warm=False)
    with pytest.raises(ProjectError, match="cars is no endpoint, and has captured nothing"):
        labels.check_known(session, "cars")
    with pytest.raises(ProjectError, match="cars-batch is no endpoint"):
        labels.check_known(session, "cars-batch")
    bucket, group = session.default_bucket(), "ModelPackageGroupName"
    session.sagemaker_client.create_model_package_group(**{group: "cars"})
    labels.check_known(session, "cars-batch")
    session.upload_string_as_file_body("{}", bucket, "own/captures/cars/AllTraffic/a.jsonl")
    labels.check_known(session, "cars")
    session.upload_string_as_file_body("{}", bucket, "own/monitoring/gone/state/history.json")
    labels.check_known(session, "gone")


def test_models_of_a_task_are_found_where_they_are(tmp_path: Path) -> None:
    session = LocalSession(tmp_path / "state", default_bucket_prefix="own", warm=False)
    own = registry.group_name("xgboost")
    with pytest.raises(ProjectError, match=r"has no version 1; it has none$"):
        registry.find(session, own, 1)
    name = registry.group_name("xgboost", "energy")
    session.sagemaker_client.create_model_package_group(ModelPackageGroupName=name)
    with pytest.raises(ProjectError, match=f"it has none, but {name} has some: name its task"):
        registry.find(session, own, 1)
