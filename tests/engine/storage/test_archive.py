"""Archives: the same bytes for the same files, and nothing lands outside on unpacking."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.storage.archive import pack, unpack


def test_the_same_files_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packed at any time, in any order, whoever owns them."""
    archives = []
    for index, names in enumerate((["a", "sub/b"], ["sub/b", "a"])):
        monkeypatch.setattr("time.time", lambda now=index: 1e9 + now)
        folder = tmp_path / str(index)
        for name in names:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
            os.utime(file, (index, index))
            file.chmod(0o600 if index else 0o755)
        archive = tmp_path / f"{index}.tar.gz"
        pack(folder, archive)
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]


def test_what_is_packed_comes_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "code" / "__pycache__").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text("print('ü')", encoding="utf-8")
    (folder / "code" / "__pycache__" / "x.pyc").write_bytes(b"")
    (folder / "größe.bin").write_bytes(bytes(range(256)))
    (folder / ("long" * 40)).mkdir()
    (folder / ("long" * 40) / ("name" * 30)).write_text("x")
    (folder / "empty").touch()
    pack(folder, tmp_path / "deep" / "model.tar.gz")
    out = tmp_path / "out"
    unpack(tmp_path / "deep" / "model.tar.gz", out)
    files = {f.relative_to(out).as_posix(): f.read_bytes() for f in out.rglob("*") if f.is_file()}
    assert files == {
        "code/inference.py": "print('ü')".encode(),
        "größe.bin": bytes(range(256)),
        f"{'long' * 40}/{'name' * 30}": b"x",
        "empty": b"",
    }


def test_an_empty_folder_gives_an_archive_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pack(tmp_path / "in", tmp_path / "model.tar.gz")
    unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_links_to_what_is_in_the_archive_come_out(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "file").write_text("text")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "in", ".")
        for name, kind, target in (
            ("same", tarfile.LNKTYPE, "./sub/file"),
            ("sub/up", tarfile.SYMTYPE, "../sub/file"),
            ("folder", tarfile.SYMTYPE, "sub"),
        ):
            member = link(kind, target)
            member.name = name
            tar.addfile(member)
    unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    for name in ("same", "sub/up", "folder/file"):
        assert (tmp_path / "out" / name).read_text() == "text"


def evil(archive: Path, member: tarfile.TarInfo, body: bytes = b"") -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        member.size = len(body)
        tar.addfile(member, io.BytesIO(body))
    return archive


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo("link")
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("/absolute"),
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("sub/../../outside"),
        link(tarfile.SYMTYPE, "/etc/passwd"),
        link(tarfile.SYMTYPE, "../outside"),
        link(tarfile.SYMTYPE, "beside"),
        link(tarfile.LNKTYPE, "../outside"),
        link(tarfile.CHRTYPE, ""),
    ],
    ids=["absolute", "parent", "deep", "far link", "parent link", "link", "hard link", "device"],
)
def test_members_that_lead_out_are_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    (tmp_path / "outside").write_text("mine")
    archive = evil(tmp_path / "evil.tar.gz", member)
    with pytest.raises(LocalError, match=r"evil\.tar\.gz cannot be unpacked"):
        unpack(archive, tmp_path / "out")
    assert (tmp_path / "outside").read_text() == "mine"


def named(name: str, member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.name = name
    return member


@pytest.mark.parametrize(
    "last",
    [
        named("up", link(tarfile.SYMTYPE, "a/b/../../file")),
        named("a/b/up", link(tarfile.SYMTYPE, "../../file")),
        tarfile.TarInfo("a/b/through"),
    ],
    ids=["up behind a link", "up from behind a link", "a file behind a link"],
)
def test_nothing_goes_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: tarfile.TarInfo
) -> None:
    """Behind ``a/b``, which leads to ``z``, two levels up are outside of the archive's folder."""
    monkeypatch.setattr("sagemaker_local.storage.archive._FILTER", {})  # as before Python 3.11.4
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        for name in ("file", "z/inside"):
            tar.addfile(tarfile.TarInfo(name))
        tar.addfile(named("a/b", link(tarfile.SYMTYPE, "../z")))
        tar.addfile(last)
    with pytest.raises(LocalError, match=f"'{last.name}' is no plain file below its folder"):
        unpack(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("body", [b"", b"text", b"\x1f\x8b\x08broken"])
def test_what_is_no_archive_is_refused(tmp_path: Path, body: bytes) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(body)
    with pytest.raises(LocalError, match="cannot be unpacked") as caught:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a").write_bytes(os.urandom(100_000))
    pack(folder, tmp_path / "whole.tar.gz")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes((tmp_path / "whole.tar.gz").read_bytes()[:50_000])
    with pytest.raises(LocalError, match="cannot be unpacked"):
        unpack(cut, tmp_path / "out")


def test_an_archive_whose_bytes_were_changed_is_refused(tmp_path: Path) -> None:
    """Some versions of Python let an error of zlib through, which is none of tarfile's."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text(" ".join(map(str, range(50_000))))
    packed = tmp_path / "model.tar.gz"
    pack(tmp_path / "in", packed)
    body = bytearray(packed.read_bytes())
    body[20_000:20_040] = b"\xff" * 40
    packed.write_bytes(bytes(body))
    with pytest.raises(LocalError, match=r"model\.tar\.gz cannot be unpacked"):
        unpack(packed, tmp_path / "out")
