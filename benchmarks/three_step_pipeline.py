"""The three jobs of the training notebook as pipelines of their own, without gate and registry.

    python benchmarks/three_step_pipeline.py PROJECT ROWS

defines two in the project's local session: ``three-steps``, which runs each step at each start, and
``three-steps-cached``, which reuses what has not changed.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

NOTEBOOK = Path("notebooks") / "03_training_pipeline.ipynb"
STEPS = ("Preprocess", "Train", "Evaluate")
EACH_TIME, CACHED = "three-steps", "three-steps-cached"


def three_steps(project: Path, rows: int) -> Any:
    """The SDK's Pipeline of the three jobs, built by the notebook's cells in this process.

    Cells run until there is a pipeline; what they show is left out.

    Args:
        project: a generated project, whose packages can be imported.
        rows: of sample data.
    """
    shell = InteractiveShell.instance()
    cells = sources(project / NOTEBOOK, rows)
    while "pipeline" not in shell.user_ns:
        with capture_output():
            done = shell.run_cell(next(cells), store_history=True)
        done.raise_error()
    whole = shell.user_ns["pipeline"]
    return type(whole)(
        name=EACH_TIME,
        parameters=whole.parameters,
        steps=[step for step in whole.steps if step.name in STEPS],
        sagemaker_session=whole.sagemaker_session,
    )


def sources(notebook: Path, rows: int) -> Iterator[str]:
    """The notebook's code cells, with the number of rows injected where papermill would."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", ()):
            yield f"# Parameters\nsample_rows = {rows}"


def define(pipeline: Any, name: str, cache: Any) -> None:
    """Create a pipeline of the same steps under another name, with a CacheConfig or None."""
    pipeline.name = name
    for step in pipeline.steps:
        step.cache_config = cache
    pipeline.upsert(role_arn=pipeline.sagemaker_session.role)


def main() -> None:
    pipeline = three_steps(Path(sys.argv[1]), int(sys.argv[2]))
    from sagemaker.mlops.workflow.steps import CacheConfig  # wants the region that a session sets

    define(pipeline, EACH_TIME, None)
    define(pipeline, CACHED, CacheConfig(enable_caching=True, expire_after="P30D"))


if __name__ == "__main__":
    main()
