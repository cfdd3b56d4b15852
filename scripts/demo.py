"""Generate the default project into `build/demo` and run its training pipeline there."""

import shutil
import subprocess
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
DEMO = TEMPLATE / "build" / "demo"


def generate() -> Path:
    """The default project, in place of an earlier one."""
    shutil.rmtree(DEMO, ignore_errors=True)
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(DEMO),
        extra_context={"git_init": False},
    )
    return Path(project)


def run(project: Path, *command: str) -> None:
    """Run a command in the project; its failure ends the demo with the same exit code."""
    code = subprocess.run(command, cwd=project, check=False).returncode
    if code != 0:
        sys.exit(code)


def main() -> None:
    """Generate, install, run; the last lines say where the results are."""
    print(f"[1/3] Generating the default project into {DEMO} ...", flush=True)
    project = generate()
    print("[2/3] Creating its environment ...", flush=True)
    run(project, "make", "--no-print-directory", "setup", f"PYTHON={sys.executable}")
    print("[3/3] Running its training pipeline in a local session ...", flush=True)
    run(project, "make", "--no-print-directory", "pipeline")
    print(f"\nExecuted notebook: {project / 'reports' / '03_training_pipeline.ipynb'}", flush=True)
    print(f"As a page: {project / 'reports' / '03_training_pipeline.html'}", flush=True)
    print("Registered models:", flush=True)
    run(project, "make", "--no-print-directory", "--silent", "models")


if __name__ == "__main__":
    main()
