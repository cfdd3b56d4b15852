"""Commands that run a notebook by papermill, whose options they take."""

from dataclasses import dataclass

from .. import answers
from ..command_line import PROGRAM, Answer, Parser


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        notebook: that it runs.
        about: what it does, as one clause.
        answer: how the notebook is run.
        examples: what may stand after the command's name; "": nothing.
    """

    notebook: str
    about: str
    answer: Answer
    examples: tuple[str, ...]


COMMANDS = {
    "explore": Command(
        "01_explore.ipynb",
        "run notebook 01: a table looked at, its contract proposed; its report is in reports/",
        answers.notebook,
        ("", "-p input_data houses.csv -p target price -p task houses"),
    ),
    "pipeline": Command(
        "03_training_pipeline.ipynb",
        "run notebook 03 and keep the run in reports/runs/",
        answers.pipeline,
        ("-f params/local.yaml", "-f params/local.yaml -p eta 0.2 -p cache false"),
    ),
    "score": Command(
        "04_batch_scoring.ipynb",
        "run notebook 04: a table in, the table with predictions out",
        answers.pipeline,
        ("-p input_data new.csv", "-p input_data new.csv -p keep id -p output scored"),
    ),
    "endpoint": Command(
        "05_realtime_endpoint.ipynb",
        "run notebook 05: an endpoint deployed, measured, compared; its report is in reports/",
        answers.notebook,
        ("", "-p challenger 2 -p requests 1000"),
    ),
    "monitor": Command(
        "06_model_monitor.ipynb",
        "run notebook 06: what an endpoint was asked since the last window, beside its baseline",
        answers.pipeline,
        ("", "-p endpoint cars -p window 2026-11-25T10:00Z/2026-11-25T11:00Z"),
    ),
}


def add_notebook(parser: Parser, name: str) -> None:
    """One of the commands, with a help that says that its options are papermill's."""
    command = COMMANDS[name]
    examples = [f"{name} {words}".rstrip() for words in command.examples]
    added = parser.command(name, command.about, command.answer, *examples)
    added.set_defaults(notebook=command.notebook)
    added.usage = f"{PROGRAM} {name} [papermill's options: -f FILE, -p NAME VALUE ...]"
    added.description = (
        f"{added.description} The parameters are shown by\n"
        f"`python -m papermill --help-notebook notebooks/{command.notebook}`."
    )
