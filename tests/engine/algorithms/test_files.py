"""The files of a channel as one folder."""

from __future__ import annotations

from pathlib import Path

from sagemaker_local.algorithms.files import one_folder


def test_they_are_alone_and_so_is_their_folder(tmp_path: Path) -> None:
    """XGBoost looks at each neighbour of a folder that it reads."""
    (tmp_path / "a").write_text("1,2\n")
    with one_folder([tmp_path / "a"]) as folder:
        assert list(folder.parent.iterdir()) == [folder]
        assert [file.read_text() for file in folder.iterdir()] == ["1,2\n"]
    assert not folder.parent.exists()
