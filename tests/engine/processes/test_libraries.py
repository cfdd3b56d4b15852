"""Which libraries are installed, told by their folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagemaker_local.processes import libraries


def test_what_is_installed_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    without = libraries.installed()
    (tmp_path / "site-packages" / "fake-1.dist-info").mkdir(parents=True)
    assert libraries.installed() != without


def test_a_folder_that_is_not_there_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pythons name folders on their path that nobody has made yet, and files."""
    before = libraries.installed()
    (tmp_path / "x-packages").touch()
    for name in ("site-packages", "x-packages"):
        monkeypatch.syspath_prepend(tmp_path / name)
    assert libraries.installed() == before
