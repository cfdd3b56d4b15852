"""Watch a model: its baseline, what was captured since, whether that drifted, whether it is right.

The first argument is the task: baseline, consolidate, drift, quality or report.
"""

from argparse import Namespace
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from monitoring import (
    baseline,
    consolidation,
    ground_truth,
    labelled,
    serving,
    span,
    unlabelled,
    written,
)
from monitoring.arguments import parse
from monitoring.drift import Compare
from monitoring.shape import Shape
from monitoring.unlabelled import Unlabelled
from monitoring.window import look_at_data
from monitoring.window_quality import look_at_quality
from tabular import job
from tabular.artifact import Artifact, opened
from tabular.split_files import open_split
from tabular.values import DataError

# A comparison of your own by column; it takes two distributions and gives a `Comparison`.
OWN: dict[str, Compare] = {}


def write_baseline(options: Namespace, model: Artifact, folder: Path) -> list[str]:
    """What the model's data was like, and how good it was."""
    train, test = open_split(options.train, "train"), open_split(options.test, "test")
    return baseline.write(folder, train, test, model)


def consolidate(options: Namespace, model: Artifact, folder: Path) -> list[str]:
    """Take what was captured since the last window, or in a past one."""
    files = consolidation.files(options.capture)
    time = span.given(options.start, options.end, options.bookmark)
    shape, served = Shape.of(model.signature), serving.of_folder(options.bookmark, options.package)
    found, after = consolidation.consolidate(folder, files, shape, time, served)
    labels = ground_truth.of_folder(options.ground_truth) if time.is_newest else {}
    late = unlabelled.late(options.bookmark, options.package, labels)
    return written.window(folder, found, time, after, late)


def drift(options: Namespace, model: Artifact, folder: Path) -> list[str]:
    """Compare the window's data and predictions with the baseline's, and mark its rows."""
    rows = consolidation.batches(options.window, Shape.of(model.signature))
    found = look_at_data(rows, model.signature, options.baseline, OWN)
    written.rows(folder, options.window, model.signature, found)
    return written.data(folder, found)


def quality(options: Namespace, model: Artifact, folder: Path) -> list[str]:
    """Compare answers with the truth: those of the window, and earlier ones that waited for it."""
    since = span.start_of(options.window)
    labels, new = ground_truth.with_new(options.ground_truth, since)
    shape = Shape.of(model.signature)
    waiting = Unlabelled(options.window, options.state, options.package, shape, labels)
    labelled.write(folder, options.window, labels, waiting.late_rows())
    rows = chain(consolidation.batches(options.window, shape), waiting.late())
    found = look_at_quality(rows, model.signature, options.baseline, labels, new)
    found.notes += waiting.keep(folder)
    return written.quality(folder, found)


def report(options: Namespace, model: Artifact, folder: Path) -> list[str]:
    """Write the window's report, the page over all windows, and what the next window needs."""
    tasks = written.Tasks(options.window, options.drift, options.quality, options.baseline)
    return written.report(folder, tasks, options.state, options.name, options.package, options.run)


Task = Callable[[Namespace, Any, Path], list[str]]
TASKS: dict[str, Task] = {
    "baseline": write_baseline,
    "consolidate": consolidate,
    "drift": drift,
    "quality": quality,
    "report": report,
}


def monitor(options: Namespace) -> None:
    """Do the task, and end in its last sentence."""
    schema = job.read_json(options.schema, "schema.json") if options.schema else None
    with opened("model", options.model, schema) as model:
        if model is None:
            raise DataError(f"{options.model} holds no model.tar.gz; run train first")
        with job.all_or_nothing(options.output) as folder:
            said = TASKS[options.task](options, model, folder)
    print("\n".join(said))
    job.leave_message(said[-1])


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or data is one sentence and exit code 1."""
    with job.one_sentence("monitor"):
        monitor(parse(argv, TASKS, __doc__))


if __name__ == "__main__":
    main()
