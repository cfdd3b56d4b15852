"""This project's one command line: commands, their options, their help.

A mistake is one sentence on stderr: exit code 2 where the command is wrong, 1 where it cannot be
done.
"""

import sys
from argparse import Namespace
from pathlib import Path

from . import answers, paths, settings
from .command_line import PROGRAM, Parser, examples_text
from .deployments.command_line import add_endpoints
from .drift_day.stage import add_drift_day
from .errors import ProjectError
from .monitoring.command_line import add_alerts, add_labels, add_schedules
from .notebooks.command_line import COMMANDS, add_notebook
from .options import add_family, add_group, add_session
from .watching.command_line import add_watch


def main(argv: list[str] | None = None) -> None:
    """Run a command; what it answers goes to stdout."""
    words = sys.argv[1:] if argv is None else argv
    parser = arguments()
    parser.refuse_unknown(words)
    for_papermill: list[str] = []
    if words and words[0] in COMMANDS and not {"-h", "--help"} & set(words):
        words, for_papermill = words[:1], words[1:]
    options = parser.parse_args(words, Namespace(for_papermill=for_papermill))
    if note := paths.disagreement():
        print(note, file=sys.stderr)
    try:
        for line in options.answer(options):
            print(line, flush=True)
    except ProjectError as error:
        sys.exit(f"{words[0]}: {error}")


def arguments() -> Parser:
    """All commands."""
    parser = Parser(prog=PROGRAM, description=f"The commands of {settings.PROJECT_NAME}.")
    add_notebook(parser, "explore")
    add_notebook(parser, "pipeline")
    add_notebook(parser, "score")
    add_runs(parser)
    add_progress(parser)
    add_registry(parser)
    add_notebook(parser, "endpoint")
    add_endpoints(parser)
    add_notebook(parser, "monitor")
    add_labels(parser)
    add_alerts(parser)
    add_schedules(parser)
    add_lineage(parser)
    add_router(parser)
    add_watch(parser)
    add_notebooks(parser)
    add_exports(parser)
    add_libraries(parser)
    add_prune(parser)
    add_sample_data(parser)
    add_drift_day(parser)
    parser.command("githooks", "install the git hooks, as make setup does", answers.githooks)
    examples = examples_text("pipeline -f params/local.yaml", "runs list", "exports check")
    parser.epilog = f"{examples}\n\n`{PROGRAM} COMMAND --help` says more."
    return parser


def add_runs(parser: Parser) -> None:
    """Past runs."""
    runs = parser.command("runs", "past runs: list, compare, retry, update")
    about = "list past runs with parameters and metrics, best first"
    runs.command("list", about, answers.list_runs, "runs list")
    comparing = runs.command(
        "compare",
        "show in what two runs differ",
        answers.compare_runs,
        "runs compare best last",
        "runs compare 20260131-2359 last",
    )
    for name in ("first", "second"):
        comparing.add_argument(name, help="a run's name or a part of it, best, or last")
    retrying = runs.command(
        "retry",
        "go on with a run that failed or was stopped, from what had succeeded",
        answers.retry_run,
        "runs retry",
        "runs retry 20260131-2359",
    )
    retrying.add_argument("run", nargs="?", default="last", help="its name or a part of it")
    about = "complete the runs that nobody waited for"
    runs.command("update", about, answers.update_runs, "runs update")


def add_progress(parser: Parser) -> None:
    """The steps of an execution."""
    progress = parser.command("progress", "an execution's steps: steps, explain, log")
    about = "show each step's state, seconds and last log line"
    steps = progress.command("steps", about, answers.steps, "progress steps")
    about = "say why each step ran, or was reused from an earlier run"
    explain = progress.command("explain", about, answers.explain, "progress explain")
    about = "print the full log of a step"
    log = progress.command("log", about, answers.log, "progress log Train")
    log.add_argument("step", help="such as Train")
    for added in (steps, explain, log):
        added.add_argument("--execution", metavar="ARN", help="default: the one started last")
        add_session(added)


def add_registry(parser: Parser) -> None:
    """Registered models."""
    registry = parser.command("registry", "registered models: list, approve")
    listing = registry.command(
        "list",
        "list registered models and their metrics",
        answers.list_models,
        "registry list",
        "registry list --session managed",
    )
    approving = registry.command(
        "approve",
        "approve a version, which makes it the champion if none above it is approved",
        answers.approve,
        "registry approve --version 1",
        "registry approve --version 3 --family linear --deploy",
    )
    approving.add_argument("--version", type=int, required=True, help="such as 1")
    add_family(approving)
    about = "have the endpoint that follows the group serve it, or reject it where it does not"
    approving.add_argument("--deploy", action="store_true", help=about)
    about = "managed: ARN for the model that is deployed; default: that of its pipeline"
    approving.add_argument("--role", default="", help=about)
    for added in (listing, approving):
        add_group(added)
        add_session(added)


def add_lineage(parser: Parser) -> None:
    """From a model back to its data, and from data on to its models."""
    lineage = parser.command("lineage", "where models come from: of-package, of-data")
    package = lineage.command(
        "of-package",
        "show what a registered version was made of",
        answers.of_package,
        "lineage of-package 1",
        "lineage of-package 3 --family linear --json",
    )
    package.add_argument("version", type=int, help="such as 1")
    package.add_argument("--json", action="store_true", help="the whole document")
    add_family(package)
    add_group(package)
    data = lineage.command(
        "of-data",
        "show the versions that were trained on data, and where they run",
        answers.of_data,
        "lineage of-data houses.csv",
        "lineage of-data s3://bucket/houses --session managed",
    )
    data.add_argument("source", help="a file, a folder, or an s3:// URI")
    for added in (package, data):
        add_session(added)


def add_router(parser: Parser) -> None:
    """Several models behind one door."""
    router = parser.command("router", "several models behind one door: serve, package")
    serving = router.command(
        "serve",
        "answer with one of the answers of all models, on this machine",
        answers.serve_router,
        "router serve",
        "router serve --port 8090 --endpoints xgboost=cars-xgboost,linear=cars-linear",
    )
    serving.add_argument("--host", default="127.0.0.1", help="to listen at; default: this machine")
    serving.add_argument("--port", type=int, default=8090, help="0: any; default: 8090")
    add_session(serving)
    packing = router.command(
        "package",
        "write the same door as a Lambda's package, with the policy that its role needs",
        answers.package_router,
        "router package",
        "router package --account 123456789012 --output build/router",
    )
    packing.add_argument("--output", type=Path, help="a folder; default: build/router")
    account = "for ARNs; without: CloudFormation fills it in"
    packing.add_argument("--account", default="", help=account)
    packing.add_argument("--region", default=settings.AWS_REGION, help="with --account, for ARNs")
    for added in (serving, packing):
        added.add_argument("--task", default="", help="of models that have a task")
        added.add_argument(
            "--endpoints", help="model=endpoint,...; default: each family's, by its name"
        )


def add_notebooks(parser: Parser) -> None:
    """Notebooks, executed."""
    notebooks = parser.command("notebooks", "notebooks as programs: run, check, report")
    running = notebooks.command(
        "run",
        "run notebooks from top to bottom on a small sample, into reports/",
        answers.run_notebooks,
        "notebooks run",
        "notebooks run 01 03",
    )
    running.add_argument("names", nargs="*", help="how their names start, such as 03; none: all")
    checking = notebooks.command(
        "check",
        "fail where an executed notebook failed or proves nothing",
        answers.check_notebooks,
        "notebooks check reports/03_training_pipeline.ipynb",
    )
    reporting = notebooks.command(
        "report",
        "write executed notebooks as HTML that opens offline, beside them",
        answers.report_notebooks,
        "notebooks report reports/01_explore.ipynb",
    )
    for added in (checking, reporting):
        added.add_argument("files", nargs="+", type=Path, help="executed notebooks")


def add_exports(parser: Parser) -> None:
    """Files out of notebooks, and back."""
    exports = parser.command("exports", "files of notebooks: export, check, adopt, clean")
    for name, about in {
        "export": "write every file that a notebook's cells write, without running it",
        "check": "fail where a file differs from its cells, or a notebook holds outputs",
        "adopt": "put files that were edited back into the cells that they came from",
        "clean": "strip outputs and execution counts from the notebooks",
    }.items():
        exports.command(name, about, answers.exports, f"exports {name}")


def add_libraries(parser: Parser) -> None:
    """Libraries beyond the image's."""
    libraries = parser.command("libraries", "libraries of runtime/requirements.txt: check, wheels")
    checking = libraries.command(
        "check",
        "fail where jobs would not have the libraries that they are to have",
        answers.check_libraries,
        "libraries check",
        "libraries check --session managed",
    )
    add_session(checking)
    libraries.command(
        "wheels",
        "download wheels for the image into runtime/wheels/, for jobs without internet",
        answers.wheels,
        "libraries wheels",
    )


def add_prune(parser: Parser) -> None:
    """What nobody needs any more."""
    pruning = parser.command(
        "prune",
        "remove old runs, and what of the local session nobody needs any more",
        answers.prune,
        "prune --older-than 30 --dry-run",
        "prune --older-than 30",
    )
    about = "days since a run, an execution or an upload"
    pruning.add_argument("--older-than", required=True, metavar="DAYS", help=about)
    pruning.add_argument("--dry-run", action="store_true", help="say what would go, and keep it")


def add_sample_data(parser: Parser) -> None:
    """The listings that this project makes itself."""
    added = parser.command(
        "sample-data",
        "write used-car listings to a CSV file",
        answers.sample_data,
        "sample-data --rows 1000 --output cars.csv",
        "sample-data --problem-type multiclass_classification",
        "sample-data --shift 1 --shifted-columns mileage_km,fuel --new-category fuel=hydrogen",
    )
    for name, default, meaning in (
        ("--rows", 4_000, "listings to write"),
        ("--seed", 7, "other seeds, other listings"),
        ("--shift", 0.0, "0: today's market; 1: changed"),
        ("--problem-type", settings.PROBLEM_TYPE, "what there is to predict"),
        ("--shifted-columns", "", "a,b: only these move, the target's worth among them"),
        ("--new-category", "", "column=category that every tenth listing gets"),
    ):
        words = f"{meaning} (default: {default})" if default != "" else meaning
        added.add_argument(name, type=type(default), default=default, help=words)
    added.add_argument("--output", type=Path, help="file to write; without: a name in data/")
