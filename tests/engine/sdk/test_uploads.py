"""Where uploads of a local session go: where the caller says, or, of the SDK's own, by content."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
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


def _staged_by_the_sdk(session: object, folder: Path) -> str:
    """What a module of the SDK's gets."""
    module = ModuleType("sagemaker.train.made_up")
    exec("def stage(s, p): return s.upload_data(p, key_prefix='job-1/input/b')", vars(module))
    return str(module.stage(session, folder))
