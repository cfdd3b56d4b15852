"""How a script starts and ends: options out of a file, and a processing job's message."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tabular import job
from tabular.values import DataError

# A script as jobs have it: beside the library, below the folder that stands for /opt/ml.
SCRIPT = """
import sys
sys.path.insert(0, {runtime!r})
from tabular import job
from tabular.values import DataError
with job.one_sentence("script"):
    {body}
"""


def parsed(*words: str) -> dict[str, object]:
    """What a script is told by these words of its command line."""
    parser = job.Arguments("script")
    parser.add_argument("--drop", default="")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--split", default="hash", choices=("hash", "date"))
    parser.add_argument("--target", required=True)
    found = vars(parser.parse_with_file(words))
    return {name: value for name, value in found.items() if name != "options"}


def options_file(folder: Path, text: str) -> Path:
    file = folder / "options.json"
    file.write_text(text, encoding="utf-8")
    return file


def test_options_may_be_in_a_file(tmp_path: Path) -> None:
    wide = [f"column_{number}" for number in range(1500)]
    document = {"drop": wide, "folds": 3, "target": "--a\nb, c"}
    file = options_file(tmp_path, json.dumps(document))
    expected = {"drop": ",".join(wide), "folds": 3, "split": "hash", "target": "--a\nb, c"}
    assert parsed("--options", str(file)) == expected
    assert parsed(f"--options={tmp_path}") == expected, "the folder that holds it, too"
    assert parsed("--options", str(file), "--folds=4", "--target", "x") == expected | {
        "folds": 4,
        "target": "x",
    }, "the command line wins"


def test_without_a_file_all_is_on_the_command_line() -> None:
    expected = {"drop": "a", "folds": 5, "split": "hash", "target": "x"}
    assert parsed("--drop", "a", "--target", "x") == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[1]", "holds no object such as"),
        ('{"dorp": "a"}', "unrecognized arguments: --dorp=a; see --help"),
        ('{"split": "week"}', "invalid choice: 'week'"),
        ('{"folds": "few"}', "invalid int value: 'few'"),
    ],
)
def test_a_file_of_options_that_is_wrong_gets_one_sentence(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    file = tmp_path / "options.json" if text is None else options_file(tmp_path, text)
    with pytest.raises(DataError) as refused:
        parsed("--options", str(file), "--target", "x")
    assert sentence in str(refused.value)


def ran(script: Path, body: str) -> int:
    """Run a script with this body; gives its exit code."""
    script.parent.mkdir(parents=True)
    runtime = str(Path(job.__file__).parents[1])
    script.write_text(SCRIPT.format(runtime=runtime, body=body), encoding="utf-8")
    command = [sys.executable, str(script)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("job.leave_message('r2 0.9 passes the gate')", 0, "r2 0.9 passes the gate"),
        ("raise DataError('no column ä')", 1, "script: no column ä"),
        ("{}['price']", 1, "script: KeyError: 'price'"),
        ("job.leave_message('ü' * 600)", 0, f"{'ü' * 510}..."),
    ],
)
def test_a_processing_job_leaves_a_message(
    tmp_path: Path, body: str, code: int, message: str
) -> None:
    root = tmp_path / "ml"
    assert ran(root / "processing" / "input" / "code" / "script.py", body) == code
    assert (root / "output" / "message").read_text(encoding="utf-8") == message
    assert len(message.encode()) <= job.MESSAGE_BYTES


def test_by_hand_no_message_is_left(tmp_path: Path) -> None:
    assert ran(tmp_path / "input" / "code" / "script.py", "raise DataError('no')") == 1
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert [name for name in left if not name.endswith(".pyc")] == ["script.py"]


@pytest.mark.parametrize("word", ["-1", "-0.5", "-1e-05", "-2.E+3"])
def test_a_negative_number_is_no_option(word: str) -> None:
    parser = job.Arguments("script")
    parser.add_argument("--threshold", type=float)
    assert parser.parse_args(["--threshold", word]).threshold == float(word)
    with pytest.raises(DataError, match="expected one argument"):
        parser.parse_args(["--threshold", "-1e"])


def test_quotes_keep_a_name_with_a_comma_together() -> None:
    assert job.words(" a, b ,,c, ") == ["a", "b", "c"]
    assert job.words('"size, in cm", "a ""b""", 6" pipe,"two\nlines"') == [
        "size, in cm",
        'a "b"',
        '6" pipe',
        "two\nlines",
    ]
