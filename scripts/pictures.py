"""Make the README's pictures anew, from a project that is generated and run for them.

The report of the demo's run, notebook 03 in JupyterLab after it ran there, and the page of its day
on which the data drifts. `make pictures` needs Debian's packages `chromium` and `chromium-driver`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import lab
from selenium import webdriver
from selenium.webdriver.common.by import By

TEMPLATE = Path(__file__).resolve().parents[1]
PICTURES = TEMPLATE / "docs" / "pictures"
NOTEBOOK = "03_training_pipeline.ipynb"
# The page of a report, and a notebook between JupyterLab's bars: what a README shows legibly.
REPORT_SIZE, NOTEBOOK_SIZE, DAY_SIZE = (1060, 1020), (1400, 1000), (1060, 1060)
CLOSE_SIDE_BAR = "window.jupyterapp.shell.collapseLeft()"
SCROLL_TO = "arguments[0].scrollIntoView({block: 'start'})"


def newest_report(project: Path) -> Path:
    """The report of the project's last run."""
    reports = sorted(project.glob("reports/runs/*/report.html"))
    if not reports:
        sys.exit(f"pictures: {project} has no run with a report; run `make demo` first")
    return reports[-1]


def take(browser: webdriver.Chrome, name: str, size: tuple[int, int]) -> None:
    """Save the page as it is, in the smallest file that shows it."""
    browser.set_window_size(*size)
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(PICTURES / name))
    print(f"docs/pictures/{name}")


def picture_of_report(browser: webdriver.Chrome, report: Path) -> None:
    """The top of a run's report: what it is, its steps, its metrics."""
    browser.set_window_size(*REPORT_SIZE)
    browser.get(report.as_uri())
    take(browser, "report.png", REPORT_SIZE)


def picture_of_notebook(browser: webdriver.Chrome, address: str) -> None:
    """Notebook 03 after all its cells ran: the pipeline and what became of its steps."""
    browser.set_window_size(*NOTEBOOK_SIZE)
    browser.get(address.format(notebook=NOTEBOOK))
    lab.wait_until_open(browser)
    lab.run_all(browser)
    browser.execute_script(CLOSE_SIDE_BAR)
    headings = browser.find_elements(By.CSS_SELECTOR, ".jp-RenderedMarkdown h2")
    [run] = [heading for heading in headings if heading.text.startswith("Run")]
    browser.execute_script(SCROLL_TO, run)
    take(browser, "notebook.png", NOTEBOOK_SIZE)


def page_of_day(project: Path) -> Path:
    """The page of a day that is played anew, in a few minutes."""
    played = subprocess.run(["make", "--no-print-directory", "drift-day"], cwd=project, check=False)
    if played.returncode:
        sys.exit(played.returncode)
    return project / "reports" / "drift-day" / "index.html"


def picture_of_day(browser: webdriver.Chrome, page: Path) -> None:
    """The top of the day's page: what happened, and each column's drift in each window."""
    browser.set_window_size(*DAY_SIZE)
    browser.get(page.as_uri())
    browser.execute_script("document.documentElement.style.overflow = 'hidden'")  # no scroll bar
    take(browser, "drift-day.png", DAY_SIZE)


def main() -> None:
    """All pictures, of the project below `build/demo`."""
    if not (lab.CHROMIUM and lab.DRIVER):
        sys.exit("pictures: there is no browser; apt-get install chromium chromium-driver")
    [project] = (TEMPLATE / "build" / "demo").glob("*/")
    python = [str(project / ".venv" / "bin" / "python")]
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        with lab.chromium(home / "chromium") as browser:
            picture_of_report(browser, newest_report(project))
            picture_of_day(browser, page_of_day(project))
            with lab.serving(project / "notebooks", home, python, os.environ) as address:
                picture_of_notebook(browser, address)


if __name__ == "__main__":
    main()
