"""The bucket is a folder; what S3 would keep, it keeps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.storage import bucket as bucket_module
from sagemaker_local.storage.bucket import Bucket, copy_files


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "s3", "mine")


def folder_with(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def test_an_object_is_a_file_below_its_bucket(bucket: Bucket) -> None:
    bucket.write("s3://other/a/b.txt", b"text")
    assert (bucket.root / "other" / "a" / "b.txt").read_bytes() == b"text"
    assert bucket.uri("/a/b/") == "s3://mine/a/b"
    assert bucket.path("s3://mine/a/b/") == bucket.root / "mine" / "a" / "b"


def test_a_damaged_object_is_kept_where_no_listing_finds_it(bucket: Bucket) -> None:
    uri = "s3://mine/a/deep/b.txt"
    bucket.write(uri, b"damaged")
    aside = bucket.set_aside(uri, "the-job")
    assert aside.read_bytes() == b"damaged"
    assert "the-job" in aside.parts
    assert bucket.keys("s3://mine") == []
    bucket.write(uri, b"good")
    assert bucket.existing(uri).read_bytes() == b"good"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://mine/../../secret",
        "s3://mine/a/../../../secret",
        "s3://../secret",
        "s3://mine/..",
        "s3://..",
    ],
)
def test_no_uri_leads_out(bucket: Bucket, uri: str) -> None:
    for call in (bucket.path, bucket.existing, bucket.keys, lambda u: bucket.write(u, b"x")):
        with pytest.raises(LocalError, match="leads out"):
            call(uri)
    assert not list(bucket.root.parent.glob("secret"))


def test_no_link_leads_out(bucket: Bucket, tmp_path: Path) -> None:
    (bucket.root / "mine").mkdir(parents=True)
    (bucket.root / "mine" / "link").symlink_to(tmp_path)
    with pytest.raises(LocalError, match="leads out"):
        bucket.write("s3://mine/link/file", b"x")


@pytest.mark.parametrize("uri", ["", "file.csv", "/a/b", "s3://", "http://mine/a", "s3:/mine/a"])
def test_what_is_no_s3_uri_is_refused_with_a_good_one(bucket: Bucket, uri: str) -> None:
    with pytest.raises(LocalError, match="is not an S3 URI; it should look like s3://mine/key"):
        bucket.path(uri)


def test_what_is_not_there_is_said_with_its_place(bucket: Bucket) -> None:
    (bucket.root / "mine" / "empty").mkdir(parents=True)
    for uri in ("s3://mine/absent", "s3://mine/empty"):
        with pytest.raises(LocalError, match="There is nothing at s3://mine/") as caught:
            bucket.existing(uri)
        assert str(bucket.path(uri)) in str(caught.value)


def test_a_write_replaces(bucket: Bucket) -> None:
    bucket.write("s3://mine/a", b"one")
    bucket.write("s3://mine/a", b"two")
    assert bucket.path("s3://mine/a").read_bytes() == b"two"
    assert bucket.keys("s3://mine/") == ["a"]


def test_keys_are_sorted_and_whole(bucket: Bucket) -> None:
    for key in ("p/b", "p/a/c", "q"):
        bucket.write(f"s3://mine/{key}", b"")
    assert bucket.keys("s3://mine") == ["p/a/c", "p/b", "q"]
    assert bucket.keys("s3://mine/p/") == ["p/a/c", "p/b"]
    assert bucket.keys("s3://mine/q") == ["q"]
    assert bucket.keys("s3://mine/absent") == []


def test_upload_and_download_of_files_and_folders(bucket: Bucket, tmp_path: Path) -> None:
    source = folder_with(tmp_path / "in", a="1", sub__b="2")
    bucket.upload(source, "s3://mine/p")
    bucket.upload(source / "a", "s3://mine/single/renamed")
    assert bucket.keys("s3://mine") == ["p/a", "p/sub/b", "single/renamed"]
    copies = bucket.download("s3://mine/p", tmp_path / "out")
    assert sorted(c.relative_to(tmp_path / "out").as_posix() for c in copies) == ["a", "sub/b"]
    bucket.download("s3://mine/single/renamed", tmp_path / "out")
    assert (tmp_path / "out" / "renamed").read_text() == "1"


def test_an_upload_adds_to_a_prefix_and_removes_nothing(bucket: Bucket, tmp_path: Path) -> None:
    """As in S3: an upload creates and replaces objects; no other object goes away."""
    bucket.write("s3://mine/p/kept", b"kept")
    bucket.write("s3://mine/p/sub/kept", b"kept")
    bucket.write("s3://mine/p/a", b"old")
    bucket.upload(folder_with(tmp_path / "in", a="new", sub__b="new"), "s3://mine/p")
    assert bucket.keys("s3://mine/p") == ["p/a", "p/kept", "p/sub/b", "p/sub/kept"]
    assert bucket.path("s3://mine/p/a").read_text() == "new"


def test_an_upload_to_the_whole_bucket_keeps_what_it_holds(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("s3://mine/kept", b"kept")
    bucket.upload(folder_with(tmp_path / "in", a="new"), "s3://mine/")
    assert bucket.keys("s3://mine") == ["a", "kept"]


@pytest.mark.parametrize("uri", ["s3://mine", "s3://mine/", "s3://mine/prefix"])
def test_an_object_never_takes_the_place_of_a_folder(bucket: Bucket, uri: str) -> None:
    bucket.write("s3://mine/prefix/kept", b"kept")
    with pytest.raises(LocalError, match=r"prefix|folder|bucket"):
        bucket.write(uri, b"x")
    assert bucket.keys("s3://mine") == ["prefix/kept"]


def test_a_folder_never_takes_the_place_of_an_object(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("s3://mine/a", b"kept")
    with pytest.raises(LocalError, match=r"s3://mine/a"):
        bucket.upload(folder_with(tmp_path / "in", b="new"), "s3://mine/a")
    assert bucket.path("s3://mine/a").read_bytes() == b"kept"


@pytest.mark.parametrize("existing", [True, False])
def test_a_write_that_breaks_off_leaves_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    before = {}
    if existing:
        bucket.write("s3://mine/p/a", b"old")
        before = {"p/a": b"old"}
    source = folder_with(tmp_path / "in", a="new", b="new", c="new")

    def broken(source: Any, target: Any) -> None:
        Path(target).write_text("half")
        if Path(source).name == "b":
            raise OSError("No space left on device")

    monkeypatch.setattr("sagemaker_local.storage.copies.clone", lambda *_: False)
    monkeypatch.setattr("sagemaker_local.storage.copies.shutil.copyfile", broken)
    with pytest.raises(OSError, match="No space"):
        bucket.upload(source, "s3://mine/p")
    found = {key: bucket.path(f"s3://mine/{key}").read_bytes() for key in bucket.keys("s3://mine")}
    assert found == before


def test_what_is_being_written_is_in_no_listing(bucket: Bucket, tmp_path: Path) -> None:
    seen: list[list[str]] = []
    source = folder_with(tmp_path / "in", a="1", b="2")
    bucket.write("s3://mine/p/q/old", b"")

    def spied(source: Path, target: Path, *how: Any) -> list[Path]:
        copies = copy_files(source, target, *how)
        seen.append(bucket.keys("s3://mine"))
        return copies

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bucket_module, "copy_files", spied)
        bucket.upload(source, "s3://mine/p/new")
    assert seen == [["p/q/old"]]


@pytest.mark.slow
def test_uploads_of_one_prefix_at_once_all_succeed(bucket: Bucket, tmp_path: Path) -> None:
    """Eight runs that start together stage the same code under the same digest."""
    source = folder_with(tmp_path / "in", **{f"f{number}": str(number) for number in range(20)})
    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            uri = f"s3://mine/code/{number}"
            uploads = [pool.submit(bucket.upload, source, uri) for _ in range(8)]
            for upload in uploads:
                upload.result()
            assert len(bucket.keys(uri)) == 20


def test_no_leftovers_after_writes(bucket: Bucket, tmp_path: Path) -> None:
    bucket.upload(folder_with(tmp_path / "in", a="1"), "s3://mine/p")
    bucket.upload(folder_with(tmp_path / "in", a="2"), "s3://mine/p")
    bucket.write("s3://mine/q", b"")
    everything = {path.relative_to(bucket.root).as_posix() for path in bucket.root.rglob("*")}
    assert everything == {"mine", "mine/p", "mine/p/a", "mine/q"}
