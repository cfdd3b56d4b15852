"""Digests depend on names and bytes, and on nothing else; uploads go where the digest says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.content import digest, files_below
from sagemaker_local.uploads import ContentUploads


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text("a")
    (folder / "sub" / "b.py").write_text("b")
    return folder


def copied(folder: Path, target: Path) -> Path:
    target.mkdir()
    for file, name in reversed(list(files_below(folder))):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(file.read_bytes())
    return target


def test_the_same_content_has_the_same_digest_anywhere(folder: Path, tmp_path: Path) -> None:
    first = digest(folder)
    other = copied(folder, tmp_path / "elsewhere")
    os.utime(other / "a.py", (1, 1))
    assert digest(other) == digest(folder) == first
    assert len(first) == 16


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "a.py").write_text("aa"),
        lambda f: (f / "a.py").rename(f / "c.py"),
        lambda f: (f / "new").touch(),
        lambda f: (f / "sub" / "b.py").rename(f / "b.py"),
        lambda f: (f / "sub" / "b.py").unlink(),
    ],
)
def test_another_content_has_another_digest(folder: Path, change: Any) -> None:
    before = digest(folder)
    change(folder)
    assert digest(folder) != before


@pytest.mark.parametrize("name", ["__pycache__", ".ipynb_checkpoints", ".git", "sub/__pycache__"])
def test_caches_are_no_content(folder: Path, name: str) -> None:
    before = digest(folder)
    (folder / name).mkdir()
    (folder / name / "a.pyc").write_bytes(b"time stamp")
    assert digest(folder) == before
    assert [name for _, name in files_below(folder)] == ["a.py", "sub/b.py"]


def test_a_file_is_itself(folder: Path, tmp_path: Path) -> None:
    assert list(files_below(folder / "a.py")) == [(folder / "a.py", "a.py")]
    copy = tmp_path / "a.py"
    copy.write_text("a")
    assert digest(folder / "a.py") == digest(copy)
    assert list(files_below(folder / "absent")) == []


def test_content_of_several_chunks_counts_to_the_last_byte(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(b"x" * (2 << 20) + b"a")
    before = digest(file)
    file.write_bytes(b"x" * (2 << 20) + b"b")
    assert digest(file) != before


class Uploads(ContentUploads):
    """Notes what would be copied."""

    def __init__(self, prefix: str | None = None) -> None:
        self.default_bucket_prefix = prefix
        self.puts: list[tuple[Path, str, str]] = []

    def default_bucket(self) -> str:
        return "bucket"

    def _put(self, path: Path, bucket: str, prefix: str) -> None:
        self.puts.append((path, bucket, prefix))


def test_a_folder_goes_below_its_kind_and_digest(folder: Path) -> None:
    uploads = Uploads()
    uri = uploads.upload_data(str(folder), key_prefix="job-2024-01-01/input/code")
    assert uri == f"s3://bucket/code/{digest(folder)}"
    assert uploads.puts == [(folder, "bucket", f"code/{digest(folder)}")]


def test_a_file_keeps_its_name_below_the_prefix(folder: Path) -> None:
    uploads = Uploads(prefix="team/project")
    uri = uploads.upload_data(folder / "a.py", bucket="other")
    prefix = f"team/project/data/{digest(folder / 'a.py')}"
    assert uri == f"s3://other/{prefix}/a.py"
    assert uploads.puts == [(folder / "a.py", "other", prefix)]


def test_two_uploads_of_one_content_have_one_uri(folder: Path, tmp_path: Path) -> None:
    uploads = Uploads()
    other = copied(folder, tmp_path / "copy")
    assert uploads.upload_data(folder) == uploads.upload_data(other)


def test_what_is_not_there_is_not_uploaded(tmp_path: Path) -> None:
    uploads = Uploads()
    with pytest.raises(Exception, match=r"absent\.csv"):
        uploads.upload_data(tmp_path / "absent.csv")
    assert not uploads.puts
