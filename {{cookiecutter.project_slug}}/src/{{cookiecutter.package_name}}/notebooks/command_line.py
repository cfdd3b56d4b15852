"""Commands that run a notebook by papermill, whose options they take."""

from .. import answers
from ..command_line import PROGRAM, Parser


def add_pipeline(parser: Parser) -> None:
    """Notebook 03, by papermill."""
    added = parser.command(
        "pipeline",
        "run notebook 03 and keep the run in reports/runs/",
        answers.pipeline,
        "pipeline -f params/local.yaml",
        "pipeline -f params/local.yaml -p eta 0.2 -p cache false",
    )
    takes_parameters(added, "pipeline", "03_training_pipeline.ipynb")


def add_score(parser: Parser) -> None:
    """Notebook 04, by papermill."""
    added = parser.command(
        "score",
        "run notebook 04: a table in, the table with predictions out",
        answers.score,
        "score -p input_data new.csv",
        "score -p input_data new.csv -p keep id -p output scored",
    )
    takes_parameters(added, "score", "04_batch_scoring.ipynb")


def add_endpoint(parser: Parser) -> None:
    """Notebook 05, by papermill."""
    added = parser.command(
        "endpoint",
        "run notebook 05: an endpoint deployed, measured, compared; its report is in reports/",
        answers.endpoint,
        "endpoint",
        "endpoint -p challenger 2 -p requests 1000",
    )
    takes_parameters(added, "endpoint", "05_realtime_endpoint.ipynb")


def takes_parameters(added: Parser, name: str, notebook: str) -> None:
    """Say in a command's help that its options are papermill's."""
    added.usage = f"{PROGRAM} {name} [papermill's options: -f FILE, -p NAME VALUE ...]"
    added.description = (
        f"{added.description} The parameters are shown by\n"
        f"`python -m papermill --help-notebook notebooks/{notebook}`."
    )
