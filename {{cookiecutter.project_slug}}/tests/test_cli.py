"""The command line: its help, what it refuses, and that it starts at once."""

import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from {{ cookiecutter.package_name }} import cli, settings
from {{ cookiecutter.package_name }}.command_line import Parser
from {{ cookiecutter.package_name }}.notebooks.command_line import COMMANDS

SLOW = ("sagemaker", "boto3", "botocore", "pandas", "sklearn", "xgboost", "IPython", "papermill")


def commands(parser: Parser, *words: str) -> Iterator[tuple[tuple[str, ...], Parser]]:
    """Every command with the words that lead to it, groups too."""
    yield words, parser
    for name, below in parser.commands.items():
        yield from commands(below, *words, name)


EVERY = dict(commands(cli.arguments()))


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: python -m {settings.PACKAGE}")
    for name in EVERY[words].commands:
        assert f"    {name}" in shown


def examples() -> list[str]:
    """The examples in the help of all commands."""
    lines = [line for parser in EVERY.values() for line in (parser.epilog or "").splitlines()]
    start = f"  python -m {settings.PACKAGE} "
    return sorted({line.removeprefix(start) for line in lines if line.startswith(start)})


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_help_are_commands(example: str) -> None:
    words = shlex.split(example)
    parser = cli.arguments()
    parser.refuse_unknown(words)
    if words[0] not in COMMANDS:  # of which the rest are papermill's options
        assert callable(parser.parse_args(words).answer)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnus", "list"], "there is no command 'rnus'; did you mean 'runs'?"),
        (["exports", "chekc"], "there is no command 'chekc'; did you mean 'check'?"),
        (["registry", "xyz"], "there is no command 'xyz'; there are list, approve"),
        (["registry", "approve"], "the following arguments are required: --version"),
        (["runs"], "the following arguments are required: COMMAND"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_a_wrong_command_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["notebooks", "run", "99"], "notebooks: no notebook's name starts with '99': 01_"),
        (["notebooks", "check", "nowhere.ipynb"], "notebooks: nowhere.ipynb is not a notebook: "),
        (["sample-data", "--rows", "0"], "sample-data: rows must be 1 or more"),
        (["lineage", "of-data", "nowhere.csv"], "lineage: input_data is not there: "),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert str(ended.value.code).startswith(sentence)
    assert "\n" not in str(ended.value.code)


def loaded(*words: str) -> set[str]:
    """The slow libraries that a command loads."""
    program = (
        f"import sys\nfrom {settings.PACKAGE} import cli\n"
        f"try:\n    cli.main({list(words)})\nexcept SystemExit:\n    pass\n"
        "print('loaded', *sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(SLOW) & set(ran.stdout.rpartition("loaded")[2].split())


def test_help_loads_nothing_slow() -> None:
    assert loaded("runs", "--help") == set()


def test_exports_do_not_wait_for_the_sdk() -> None:
    assert loaded("exports", "check") <= {"IPython"}
