"""What each command answers: the lines that it prints.

Each imports what it needs when it runs, since most commands need little of what others need.
"""

import json
from argparse import Namespace
from collections.abc import Iterable

from . import settings
from .errors import ProjectError
from .options import group_of, opened


def pipeline(options: Namespace) -> Iterable[str]:
    from .notebooks import kernel_ahead

    with kernel_ahead.started(options.for_papermill) as ahead:
        from .notebooks import pipeline_run  # which takes a second

        pipeline_run.pipeline(options.for_papermill, ahead, options.notebook)
    return []


def notebook(options: Namespace) -> Iterable[str]:
    from .notebooks import kernel_ahead

    with kernel_ahead.started(options.for_papermill) as ahead:
        from .notebooks import notebook_run  # which takes a second

        notebook_run.run(options.notebook, options.for_papermill, ahead)
    return []


def list_runs(_: Namespace) -> Iterable[str]:
    from .runs import comparison

    return [comparison.listing()]


def compare_runs(options: Namespace) -> Iterable[str]:
    from .runs import comparison

    first, second = comparison.find(options.first), comparison.find(options.second)
    return [comparison.text_table(comparison.comparison(first, second))]


def retry_run(options: Namespace) -> Iterable[str]:
    from .runs import retry

    retry.retry(options.run)
    return []


def prune(options: Namespace) -> Iterable[str]:
    from sagemaker_local.pruning import command

    from .runs import pruning

    try:
        days = command.age(options.older_than)
    except ValueError as error:
        raise ProjectError(f"--older-than: {error}") from error
    with opened(Namespace(session="local")) as session:
        return list(pruning.prune(session, days, options.dry_run))


def update_runs(_: Namespace) -> Iterable[str]:
    from .runs import retry

    return retry.update()


def steps(options: Namespace) -> Iterable[str]:
    from .runs import executions, step_table

    with opened(options) as session:
        arn = options.execution or executions.latest(session)
        return [step_table.line(step, still=True) for step in step_table.steps(session, arn)]


def explain(options: Namespace) -> Iterable[str]:
    from .runs import executions

    with opened(options) as session:
        return [str(session.explain(options.execution or executions.latest(session)))]


def log(options: Namespace) -> Iterable[str]:
    from .runs import executions

    with opened(options) as session:
        arn = options.execution or executions.latest(session)
        return [executions.log(session, arn, options.step)]


def list_models(options: Namespace) -> Iterable[str]:
    from . import registry

    with opened(options) as session:
        own = f"{settings.PROJECT_SLUG}-{options.task}-" if options.task else settings.PROJECT_SLUG
        groups = registry.groups(session, options.group or own)
        return [registry.listing(session, groups)]


def approve(options: Namespace) -> Iterable[str]:
    from . import registry

    if options.deploy:
        from .deployments.answers import approve_and_deploy

        return approve_and_deploy(options)
    with opened(options) as session:
        approved = registry.approve(session, group_of(options), options.version)
        return [f"{registry.APPROVED}: {approved}"]


def of_package(options: Namespace) -> Iterable[str]:
    from . import registry
    from .runs import lineage

    with opened(options) as session:
        package = registry.find(session, group_of(options), options.version)
        if options.json:
            return [json.dumps(lineage.document(session, package), indent=1)]
        return [lineage.report(session, package)]


def of_data(options: Namespace) -> Iterable[str]:
    from .runs import lineage

    with opened(options) as session:
        lines = [lineage.line(session, each) for each in lineage.of_data(session, options.source)]
        return lines or [f"no registered model was trained on {options.source}"]


def serve_router(options: Namespace) -> Iterable[str]:
    from .router import commands

    with opened(options) as session:
        commands.serve(session, options.endpoints, options.task, options.host, options.port)
    return []


def package_router(options: Namespace) -> Iterable[str]:
    from .router import commands

    return commands.package(
        options.endpoints, options.task, options.region, options.account, options.output
    )


def run_notebooks(options: Namespace) -> Iterable[str]:
    from .notebooks import sample_runs

    return sample_runs.run_all(options.names)


def check_notebooks(options: Namespace) -> Iterable[str]:
    from .notebooks import sample_runs

    sample_runs.check(options.files)
    return []


def report_notebooks(options: Namespace) -> Iterable[str]:
    from .notebooks import report

    return (str(report.write_beside(file)) for file in options.files)


def exports(options: Namespace) -> Iterable[str]:
    from .notebooks.exports import commands

    return commands.COMMANDS[options.command]()


def check_libraries(options: Namespace) -> Iterable[str]:
    from .libraries.check import check_libraries

    return [check_libraries(here=options.session == "local")]


def wheels(_: Namespace) -> Iterable[str]:
    from .libraries import image, wheels

    return wheels.download(image.read()) or ["no library is needed beyond those of the image"]


def sample_data(options: Namespace) -> Iterable[str]:
    from .sample_data import sample_file, write_sample

    columns = [name for name in options.shifted_columns.split(",") if name]
    values = (
        options.rows,
        options.seed,
        options.shift,
        options.problem_type,
        columns,
        options.new_category,
    )
    path = write_sample(options.output, *values) if options.output else sample_file(*values)
    return [f"{options.rows} listings: {path}"]


def githooks(_: Namespace) -> Iterable[str]:
    from .notebooks.githooks import install

    return install()
