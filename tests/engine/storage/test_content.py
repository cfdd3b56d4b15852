"""Digests depend on names and bytes, and on nothing else; uploads go where the digest says."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.sdk.uploads import ContentUploads
from sagemaker_local.storage import content
from sagemaker_local.storage.content import Digests, digest, files_below, fingerprint
from sagemaker_local.storage.store import Store


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


class Memory(dict[tuple[str, str], str]):
    """Of digests, while the test runs."""

    def remembered(self, name: str, stamp: str) -> str | None:
        return self.get((name, stamp))

    def remember(self, name: str, stamp: str, value: str) -> None:
        self[name, stamp] = value


@pytest.fixture
def remembering() -> Digests:
    return Digests(Memory())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read for their digests."""
    read: list[Path] = []
    plain = content._digest_of_bytes

    def noting(file: Path) -> str:
        read.append(file)
        return plain(file)

    monkeypatch.setattr(content, "_digest_of_bytes", noting)
    return read


@pytest.mark.parametrize(
    ("seconds", "fraction", "times"),
    [(0, 500, 2), (1, 500, 1), (1, 0, 2), (3, 0, 1), (-100, 500, 2), (-100, 0, 2)],
    ids=["now", "before", "before, on FAT", "long before, on FAT", "future", "future, on FAT"],
)
def test_a_file_is_read_again_while_it_may_change_without_a_new_time(
    folder: Path,
    remembering: Digests,
    reads: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    fraction: int,
    times: int,
) -> None:
    """Where time stamps have fractions of a second, that is over sooner."""
    now = 1_700_000_000
    os.utime(folder / "a.py", ns=(0, (now - seconds) * 10**9 + fraction))
    monkeypatch.setattr(content.time, "time", lambda: now + 0.01)
    for _ in range(2):
        remembering.of_file(folder / "a.py")
    assert len(reads) == times


def test_a_small_file_is_read_again_rather_than_waited_for(
    folder: Path, remembering: Digests, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was written just now: another write might give it the same time."""
    monkeypatch.setattr(content.time, "time", lambda: 1_700_000_000.0)
    monkeypatch.setattr(content.time, "sleep", pytest.fail)
    os.utime(folder / "a.py", (0, 1_700_000_000))
    for _ in range(2):
        remembering.of_file(folder / "a.py")
    assert len(reads) == 2


def test_a_file_that_is_slow_to_read_is_waited_for(
    folder: Path, remembering: Digests, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_SLOW_BYTES", 0)
    waited: list[float] = []
    now = [1_700_000_000.0]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(content.time, "time", lambda: now[0])
    monkeypatch.setattr(content.time, "sleep", sleep)
    os.utime(folder / "a.py", ns=(0, int(now[0]) * 10**9 + 500))
    for _ in range(2):
        remembering.of_file(folder / "a.py")
    assert len(reads) == 1
    assert waited == [pytest.approx(0.1, abs=0.01)]
    os.utime(folder / "a.py", (now[0] + 1e6, now[0] + 1e6))
    remembering.of_file(folder / "a.py")
    assert len(waited) == 1, "nobody waits for a time in the far future"


@pytest.mark.parametrize(
    ("change", "times"),
    [
        (lambda f: f.chmod(0o400), 1),
        (lambda f: f.with_name("link").hardlink_to(f), 1),
        (lambda f: f.write_text("b"), 2),
    ],
    ids=["mode", "link", "bytes"],
)
def test_what_is_known_of_a_file_is_kept_while_its_bytes_are_the_same(
    folder: Path,
    remembering: Digests,
    reads: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    change: Any,
    times: int,
) -> None:
    file = folder / "a.py"
    os.utime(file, (1, 1))
    later = time.time() + 1
    monkeypatch.setattr(content.time, "time", lambda: later)
    before = remembering.of_file(file)
    with remembering.keeping(file):
        change(file)
    assert (remembering.of_file(file) == before) is (times == 1)
    assert len(reads) == times


def test_a_folder_that_cannot_be_listed_is_not_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files would be missing from a job's input, and nobody would know."""
    listed = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match="sub"):
        list(files_below(folder))


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
    uri = uploads.upload_content(str(folder), key_prefix="job-2024-01-01/input/code")
    assert uri == f"s3://bucket/code/{digest(folder)}"
    assert uploads.puts == [(folder, "bucket", f"code/{digest(folder)}")]


def test_a_file_keeps_its_name_below_the_prefix(folder: Path) -> None:
    uploads = Uploads(prefix="team/project")
    uri = uploads.upload_content(folder / "a.py", bucket="other")
    prefix = f"team/project/data/{digest(folder / 'a.py')}"
    assert uri == f"s3://other/{prefix}/a.py"
    assert uploads.puts == [(folder / "a.py", "other", prefix)]


def test_two_uploads_of_one_content_have_one_uri(folder: Path, tmp_path: Path) -> None:
    uploads = Uploads()
    other = copied(folder, tmp_path / "copy")
    assert uploads.upload_content(folder) == uploads.upload_content(other)


def test_a_caller_gets_the_prefix_that_it_asks_for(folder: Path) -> None:
    class Session:
        """Stands for the SDK's."""

        def upload_data(self, *arguments: Any) -> str:
            return str(arguments)

    class Plain(Uploads, Session):
        """A session as a project makes one."""

    assert Plain().upload_data(folder, "other", "a/b") == str((folder, "other", "a/b", None, None))
    assert not Plain().puts


def test_what_is_not_there_is_not_uploaded(tmp_path: Path) -> None:
    uploads = Uploads()
    with pytest.raises(Exception, match=r"absent\.csv"):
        uploads.upload_content(tmp_path / "absent.csv")
    assert not uploads.puts


_opened: list[str] = []


def _note_open(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | os.PathLike):
        _opened.append(os.fspath(arguments[0]))


sys.addaudithook(_note_open)


def times_opened(file: Path, work: Callable[[], Any]) -> int:
    """How often this process opens a file for some work, whoever in it does."""
    _opened.clear()
    work()
    return _opened.count(str(file))


@pytest.fixture
def digests(tmp_path: Path) -> Digests:
    return Digests(Store(tmp_path / "state.db"))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute after whatever was written has been written."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)


def test_an_unchanged_file_is_not_read_again(digests: Digests, tmp_path: Path, later: None) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(b"x" * 100_000)
    found: list[str] = []
    assert times_opened(file, lambda: found.append(digests.of_file(file))) == 1
    again = [
        lambda: found.append(digests.of_file(file)),
        lambda: found.append(digests.of_bytes(file)),
        lambda: found.append(Digests(Store(tmp_path / "state.db")).of_file(file)),
        lambda: fingerprint(file, digests),
        lambda: digests.of(file),
    ]
    for work in again:
        assert times_opened(file, work) == 0
    assert set(found) == {hashlib.sha256(b"x" * 100_000).hexdigest()}
    assert times_opened(file, lambda: Digests().of_file(file)) == 1


def test_a_changed_file_is_read_again(digests: Digests, tmp_path: Path, later: None) -> None:
    """Of the same size, at the time of the first one, as ``cp -p`` would leave it."""
    file = tmp_path / "data.csv"
    file.write_text("one")
    state = file.stat()
    first = digests.of_file(file)
    file.write_text("two")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert digests.of_file(file) != first
    other = tmp_path / "other.csv"
    other.write_text("six")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)
    assert digests.of_file(file) == hashlib.sha256(b"six").hexdigest()


def test_a_file_that_may_change_without_a_newer_time_is_always_read(
    digests: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system whose clock stands still for two seconds."""
    monkeypatch.setattr(content, "stamp", lambda file: "the same")
    file = tmp_path / "data.csv"
    for text in ("one", "two"):
        file.write_text(text)
        assert digests.of_file(file) == hashlib.sha256(text.encode()).hexdigest()


def test_a_file_whose_time_was_set_back_may_still_change(
    digests: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name == "nt":
        pytest.skip("the time of an entry's change is not kept")
    monkeypatch.setattr(content, "stamp", lambda file: "the same")
    file = tmp_path / "data.csv"
    for text in ("one", "two"):
        file.write_text(text)
        os.utime(file, (1, 1))
        assert digests.of_file(file) == hashlib.sha256(text.encode()).hexdigest()


def test_what_changes_while_it_is_read_is_not_remembered(
    digests: Digests, tmp_path: Path, later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data.csv"
    file.write_text("one")
    read = content._digest_of_bytes

    def read_and_write(path: Path) -> str:
        found = read(path)
        path.write_text("two!")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(content, "_digest_of_bytes", read_and_write)
        digests.of_file(file)
    assert digests.of_file(file) == hashlib.sha256(b"two!").hexdigest()


@pytest.mark.parametrize("name", ["data.csv", "data.tar.gz"])
def test_a_copy_need_not_be_read(digests: Digests, tmp_path: Path, later: None, name: str) -> None:
    file, copy = tmp_path / name, tmp_path / "copies" / name
    file.write_text("one")
    known = digests.of_file(file)
    copy.parent.mkdir()
    copy.write_bytes(file.read_bytes())
    digests.same(file, copy)
    found: list[str] = []
    assert times_opened(copy, lambda: found.append(digests.of_file(copy))) == 0
    assert found == [known]
    copy.write_text("changed")
    assert digests.of_file(copy) != known


def test_a_copy_of_what_may_have_changed_meanwhile_is_read(
    digests: Digests, tmp_path: Path, later: None
) -> None:
    """The file was digested, then copied, and is another one now."""
    file, copy = tmp_path / "a", tmp_path / "b"
    file.write_text("one")
    digests.of_file(file)
    copy.write_text("one")
    file.write_text("two")
    digests.same(file, copy)
    assert digests.of_file(copy) == hashlib.sha256(b"one").hexdigest()


def test_without_a_memory_a_copy_is_just_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    Digests().same(file, file)
    assert Digests().of_file(file) == hashlib.sha256(b"one").hexdigest()
