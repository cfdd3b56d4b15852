"""Where uploads of a local session go: where the caller says, or, of the SDK's own, by content."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from botocore.exceptions import ParamValidationError
from sagemaker_local.errors import LocalError
from sagemaker_local.storage.content import digest

pytestmark = pytest.mark.slow  # imports the SDK


def test_uploads_are_at_the_prefix_that_was_asked_for(tmp_path: Path) -> None:
    from sagemaker.core.s3.client import S3Uploader
    from sagemaker_local import LocalSession

    session = LocalSession(root=tmp_path / "root")
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "x.csv"
    for text in ("1\n", "2\n"):
        file.write_text(text)
        assert session.upload_data(str(folder), key_prefix="a/b") == "s3://sagemaker-local/a/b"
        assert session.upload_data(file, "other", "c") == "s3://other/c/x.csv"
        uri = S3Uploader.upload(str(folder), "s3://other/d/e", sagemaker_session=session)
        assert uri == "s3://other/d/e"
        for key in ("sagemaker-local/a/b", "other/c", "other/d/e"):
            assert (tmp_path / "root" / "s3" / key / "x.csv").read_text() == text, "replaced"
    kept = f"s3://sagemaker-local/b/{digest(folder)}"
    assert session.upload_content(folder, key_prefix="a/b") == kept
    assert _staged_by_the_sdk(session, folder) == kept


def test_trees_and_names_without_an_end_are_objects_like_others(tmp_path: Path) -> None:
    from sagemaker.core.s3.client import S3Downloader, S3Uploader
    from sagemaker_local import LocalSession

    session = LocalSession(root=tmp_path / "root")
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    for name, text in (("model", "one"), ("sub/_SUCCESS", "two"), ("sub/a.b.csv", "three")):
        (tree / name).write_text(text)
    told: list[int] = []
    assert session.upload_data(tree, "mine", "p/q", told.append) == "s3://mine/p/q"
    assert sorted(told) == [3, 3, 5]
    assert session.upload_data(tree / "model", "mine", "") == "s3://mine//model"
    session.upload_string_as_file_body("four", "mine", "p/q-more")
    whole = ["p/q-more", "p/q/model", "p/q/sub/_SUCCESS", "p/q/sub/a.b.csv"]
    assert session.list_s3_files("mine", "p/q") == whole, "as S3 has it: whatever begins like that"
    assert session.list_s3_files("mine", "p/q/") == whole[1:]
    assert session.list_s3_files("mine", "") == ["model", *whole]
    assert session.list_s3_files("mine", "x/") == session.list_s3_files("none", "") == []

    (one,) = session.download_data(tmp_path / "out", "mine", "p/q/model")
    assert Path(one).read_text() == "one"
    found = S3Downloader.download("s3://mine/p/q", str(tmp_path / "all"), sagemaker_session=session)
    assert sorted(Path(each).name for each in found) == ["_SUCCESS", "a.b.csv", "model"]
    S3Uploader.upload_bytes(b"\x00five", "s3://mine/raw", sagemaker_session=session)
    assert S3Downloader.read_bytes("s3://mine/raw", sagemaker_session=session) == b"\x00five"
    assert session.s3_client.head_object(Bucket="mine", Key="p/q/model")["ContentLength"] == 3


def test_what_is_no_bucket_and_what_is_no_object(tmp_path: Path) -> None:
    from sagemaker_local import LocalSession

    session = LocalSession(root=tmp_path / "root")
    file = tmp_path / "x.csv"
    file.write_text("1")
    with pytest.raises(ParamValidationError, match='Invalid bucket name "s3://mine"'):
        session.upload_data(file, "s3://mine", "p")
    session.upload_data(file, "mine", "p")
    with pytest.raises(LocalError, match="s3://mine/p is a prefix; name one of the objects"):
        session.read_s3_file("mine", "p")


def _staged_by_the_sdk(session: object, folder: Path) -> str:
    """What a module of the SDK's gets."""
    module = ModuleType("sagemaker.train.made_up")
    exec("def stage(s, p): return s.upload_data(p, key_prefix='job-1/input/b')", vars(module))
    return str(module.stage(session, folder))
