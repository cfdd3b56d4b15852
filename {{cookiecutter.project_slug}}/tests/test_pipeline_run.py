"""The training pipeline's notebook run by papermill: what is kept when it cannot end well."""

import json
from pathlib import Path

import nbformat
import pytest

from {{ cookiecutter.package_name }} import errors, paths
from {{ cookiecutter.package_name }}.notebooks import kernel_ahead, pipeline_run
from {{ cookiecutter.package_name }}.runs import record

PARAMETERS = nbformat.v4.new_code_cell("eta = 0.1", metadata={"tags": ["parameters"]})
KERNEL = {"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with nothing but folders; this one's packages run in it."""
    for name, folder in (("PROJECT", "."), ("NOTEBOOKS", "notebooks"), ("REPORTS", "reports")):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.setattr(paths, name, tmp_path / folder)
    monkeypatch.setattr(record, "RUNS", tmp_path / "reports" / "runs")
    return tmp_path


def write(project: Path, *cells: str) -> bytes:
    """Write the training notebook; gives its bytes."""
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    file = project / "notebooks" / pipeline_run.TRAINING
    nbformat.write(nbformat.v4.new_notebook(cells=[PARAMETERS, *code], metadata=KERNEL), file)
    return file.read_bytes()


def run_pipeline(options: list[str]) -> None:
    """Run the notebook as the command does."""
    with kernel_ahead.started(options) as ahead:
        pipeline_run.pipeline(options, ahead)


def the_run(project: Path) -> record.Run:
    """The only run that was kept; nothing else is left."""
    (folder,) = (project / "reports" / "runs").iterdir()
    return record.Run(folder)


def test_an_error_is_told_in_whole_and_the_run_is_kept(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = write(
        project, "print('hello', eta)", "raise ValueError('no\\nsuch thing')", "print(1)"
    )
    with pytest.raises(errors.ProjectError, match=r"^ValueError: no\nsuch thing$"):
        run_pipeline(["-p", "eta", "0.3"])
    run = the_run(project)
    assert run.name.endswith("-no-execution")
    assert (run.status, run.lineage["reason"]) == ("Failed", "ValueError: no\nsuch thing")
    assert run.parameters == {"eta": 0.3}
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "hello 0.3" in page and "such thing" in page
    printed = capfd.readouterr()
    assert printed.out.splitlines()[0] == "hello 0.3"
    assert printed.out.splitlines()[-1].endswith("report.html")
    assert printed.err == ""
    assert (project / "notebooks" / pipeline_run.TRAINING).read_bytes() == before


def test_a_process_that_dies_leaves_what_it_had(project: Path) -> None:
    announce = "import os; print(1, file=open(os.environ['NOTEBOOK_RUN_FOLDERS'], 'a'))"
    started = record.Run(project / "reports" / "runs" / "1")
    started.write(record.LINEAGE, {"status": "Executing", "versions": {}, "started": "2026-01-01"})
    write(project, announce, "os._exit(1)")
    with pytest.raises(errors.ProjectError, match="process died"):
        run_pipeline([])
    document = json.loads((the_run(project).folder / record.LINEAGE).read_text(encoding="utf-8"))
    assert document["status"] == "Failed"
    assert "out of memory" in document["reason"]


def test_a_mistake_in_the_options_is_a_sentence(project: Path) -> None:
    write(project, "pass")
    with pytest.raises(errors.ProjectError, match="No such option"):
        run_pipeline(["--nothing"])
    with pytest.raises(errors.ProjectError, match=r"nowhere\.yaml"):
        run_pipeline(["-f", "nowhere.yaml"])
    assert list((project / "reports" / "runs").iterdir()) == []


def test_each_run_of_one_notebook_has_all_of_it(project: Path) -> None:
    """A notebook that starts its pipeline twice leaves two runs."""
    lines = ["import os", "file = open(os.environ['NOTEBOOK_RUN_FOLDERS'], 'a')"]
    names = ("20260101-120000-a", "20260101-120001-b")
    for name in names:
        run = record.Run(project / "reports" / "runs" / name)
        run.write(record.LINEAGE, {"run": name, "status": "Succeeded", "versions": {}})
        lines.append(f"print('{name}', file=file)")
    write(project, "\n".join([*lines, "file.close()"]))
    run_pipeline([])
    for name in names:
        kept = {file.name for file in (project / "reports" / "runs" / name).iterdir()}
        assert {"notebook.ipynb", "report.html"} <= kept
    assert (project / "reports" / pipeline_run.TRAINING).is_file()
