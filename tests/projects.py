"""What tests do with a generated project: run a notebook, look into its local session."""

import json
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from conftest import environment
from preloaded import run_module

TRAINING = "03_training_pipeline.ipynb"
Run = Callable[..., subprocess.CompletedProcess[str]]
# Papermill saves the notebook once: doing it around each cell is a fifth of what a run takes.
AT_THE_END = (
    "--no-request-save-on-cell-execute",
    "--autosave-cell-every",
    "0",
    "--no-progress-bar",
)


@dataclass(frozen=True)
class NotebookRun:
    """A notebook that papermill ran: what it printed, and the executed notebook."""

    process: subprocess.CompletedProcess[str]
    executed: Path

    @property
    def output(self) -> str:
        """All text that the cells printed."""
        notebook = nbformat.read(self.executed, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return "".join(str(output.get("text", "")) for cell in cells for output in cell["outputs"])

    def succeeded(self) -> "NotebookRun":
        assert self.process.returncode == 0, self.process.stderr[-3000:]
        return self


def run_notebook(
    run: Run,
    project: Path,
    name: str = TRAINING,
    env: Mapping[str, str] | None = None,
    **parameters: object,
) -> NotebookRun:
    """Execute one of a project's notebooks by papermill, standing in the project.

    With variables of its own it is started as a person starts it, libraries and all.
    """
    executed = project / "reports" / name
    executed.parent.mkdir(exist_ok=True)
    given = [word for key, value in parameters.items() for word in ("-p", key, str(value))]
    words = ["papermill", f"notebooks/{name}", str(executed), "-k", "python3", *AT_THE_END, *given]
    if env is None:
        own = environment(project, {})
        return NotebookRun(run_module(words, project, own), executed)
    return NotebookRun(run(words, project, env), executed)


def staged_for_search(run: Run, project: Path, env: Mapping[str, str] | None = None) -> Path:
    """The folder of code that a search's training jobs get."""
    program = (
        "from used_car_prices.pipelines import staging; print(staging.stage('train.py', True))"
    )
    return project / run(["python", "-c", program], project, env).stdout.strip()


def prepare(run: Run, project: Path, folder: Path, rows: int) -> None:
    """Have a folder hold sample data, preprocessed by the project's own script."""
    raw = folder / "raw" / "cars.csv"
    for command in (
        ["python", "-m", "used_car_prices", "sample-data", f"--rows={rows}", f"--output={raw}"],
        ["python", "runtime/preprocess.py", f"--input={raw}", f"--output={folder}"],
    ):
        done = run(command, project)
        assert done.returncode == 0, done.stderr


def train(run: Run, project: Path, data: Path, model: Path, *options: str) -> None:
    """Train a model of prepared data by the project's own script."""
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    words = [*channels, f"--model-dir={model}", *options]
    done = run(["python", "runtime/train.py", *words], project)
    assert done.returncode == 0, done.stderr


def failure(ran: NotebookRun) -> str:
    """The sentence with which a run ended; papermill shows it last."""
    assert ran.process.returncode != 0
    return [line for line in ran.process.stderr.splitlines() if line.strip()][-1]


def first_notebook(project: Path) -> Path:
    """The notebook with the lowest number."""
    return min((project / "notebooks").glob("*.ipynb"))


def save_outputs(path: Path) -> None:
    """Save a notebook as an editor does after its first cell was run."""
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.execution_count = 1
    code.outputs = [nbformat.v4.new_output("stream", text="hello")]
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.0"}
    nbformat.write(notebook, path)


@dataclass(frozen=True)
class LocalState:
    """What a project's local session holds, seen through its own client."""

    project: Path

    @property
    def root(self) -> Path:
        return self.project / ".sagemaker-local"

    @property
    def session(self) -> Any:
        from sagemaker_local import LocalSession

        return LocalSession(self.root, warm=False)

    def packages(self) -> list[dict[str, Any]]:
        """Every registered model package, described; oldest first."""
        client = self.session.sagemaker_client
        groups = client.list_model_package_groups()["ModelPackageGroupSummaryList"]
        found = []
        for group in groups:
            name = group["ModelPackageGroupName"]
            listed = client.list_model_packages(ModelPackageGroupName=name, SortOrder="Ascending")
            found += [
                client.describe_model_package(ModelPackageName=item["ModelPackageArn"])
                for item in listed["ModelPackageSummaryList"]
            ]
        return found

    def executions(self) -> list[dict[str, Any]]:
        """Every execution, newest first."""
        client = self.session.sagemaker_client
        names = [p["PipelineName"] for p in client.list_pipelines()["PipelineSummaries"]]
        return [
            execution
            for name in names
            for execution in client.list_pipeline_executions(PipelineName=name)[
                "PipelineExecutionSummaries"
            ]
        ]

    def steps(self) -> dict[str, dict[str, Any]]:
        """The newest execution's steps by name."""
        arn = self.executions()[0]["PipelineExecutionArn"]
        client = self.session.sagemaker_client
        listed = client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def exit_message(self, step: str) -> str:
        """What the job of a processing step of the newest execution says of itself."""
        name = self.steps()[step]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
        client = self.session.sagemaker_client
        return str(client.describe_processing_job(ProcessingJobName=name)["ExitMessage"])

    def path(self, uri: str) -> Path:
        """Where an object is."""
        return self.root / "s3" / uri.removeprefix("s3://")

    def evaluation(self, package: dict[str, Any]) -> dict[str, Any]:
        """The evaluation that a package was registered with."""
        uri = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
        return dict(json.loads(self.path(uri).read_text(encoding="utf-8")))

    def artifact(self, package: dict[str, Any]) -> list[str]:
        """Names of the files in a package's ``model.tar.gz``."""
        uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        with tarfile.open(self.path(uri)) as archive:
            return sorted(archive.getnames())

    def unfinished(self) -> list[Path]:
        """Files in the bucket that a broken write left behind."""
        return list((self.root / "s3").rglob(".writing-*"))
