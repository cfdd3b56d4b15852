"""The project's notebooks in a real JupyterLab, in a real browser: opened, and run.

`make test` installs JupyterLab into `build/lab`, apart from the environment that papermill runs in,
and `.ci/run` installs Debian's Chromium. JupyterLab's kernel is the suite's own interpreter.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lab
import pytest
from conftest import SOURCE, Bake, environment
from projects import TRAINING, LocalState
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

NOTEBOOKS = sorted(path.name for path in (SOURCE / "notebooks").glob("*.ipynb"))
AUTOSAVE = 1  # seconds

Look = Callable[..., list[WebElement]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not lab.LAB.exists(), reason="no build/lab: `make test` installs JupyterLab"
    ),
    pytest.mark.skipif(
        not (lab.CHROMIUM and lab.DRIVER),
        reason="no browser: apt-get install chromium chromium-driver",
    ),
]

END_KERNELS = """
const done = arguments[arguments.length - 1];
window.jupyterapp.serviceManager.sessions.shutdownAll().then(() => done('ended'), done);
"""


@pytest.fixture(scope="module")
def project(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project, for the tests of this module."""
    return Path(shutil.copytree(bake(), tmp_path_factory.mktemp("jupyterlab") / "project"))


@pytest.fixture(scope="module")
def address(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a JupyterLab serves the project's notebooks: `address.format(notebook=...)`.

    The project's part of the server is enabled as an installed project does it.
    """
    home = tmp_path_factory.mktemp("home")
    enabled = home / "config" / "jupyter_server_config.d"
    enabled.mkdir(parents=True)
    [part] = project.glob("src/*/notebooks/jupyterlab.json")
    shutil.copy(part, enabled / "project.json")
    around = environment(project, {})
    with lab.serving(project / "notebooks", home, [sys.executable], around, AUTOSAVE) as served:
        yield served


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own; the kernels of its notebooks end with it."""
    with lab.chromium(tmp_path / "chromium") as page:
        yield page
        page.execute_async_script(END_KERNELS)


# Open the notebook and wait until its kernel has told what it is; then longer than an autosave.
OPEN = """
const app = window.jupyterapp, done = arguments[arguments.length - 1];
(async () => {
  await app.restored;
  const { context, sessionContext } = app.shell.currentWidget;
  await Promise.all([context.ready, sessionContext.ready]);
  const kernel = sessionContext.session.kernel;
  const [info, spec] = await Promise.all([kernel.info, kernel.spec]);
  while (kernel.status !== 'idle') await new Promise(later => setTimeout(later, 50));
  await new Promise(later => setTimeout(later, AUTOSAVE_MS * 3));
  const { kernelspec, language_info } = context.model.sharedModel.metadata;
  done({ path: context.path, dirty: context.model.dirty, kernelspec, language_info,
         display_name: spec.display_name, language: info.language_info });
})().catch(error => done({ error: String(error) }));
"""
COMMAND = """
const done = arguments[arguments.length - 1];
window.jupyterapp.commands.execute(arguments[0]).then(() => done('done'), done);
"""
MARKED = ".lm-TabBar-tab.jp-mod-dirty"  # the tab of a changed notebook, which shows a dot


def opened(browser: webdriver.Chrome, address: str, name: str) -> dict[str, Any]:
    """Open a notebook; returns what its model holds once the kernel is idle."""
    browser.get(address.format(notebook=name))
    lab.wait_until_open(browser)
    script = OPEN.replace("AUTOSAVE_MS", str(1000 * AUTOSAVE))
    found = dict(browser.execute_async_script(script))
    assert found.get("path") == name, found
    return found


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The notebooks of a folder: their bytes, and when they were written."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.ipynb")
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_that_is_opened_and_closed_stays_as_it_is(
    name: str, address: str, browser: webdriver.Chrome, project: Path
) -> None:
    before = files(project / "notebooks")
    found = opened(browser, address, name)
    # JupyterLab has asked the kernel what it is, and has nothing to write down.
    assert found["language_info"] == found["language"]
    assert found["kernelspec"]["display_name"] == found["display_name"] != "python3"
    assert not found["dirty"]
    assert not browser.find_elements(By.CSS_SELECTOR, MARKED)

    assert browser.execute_async_script(COMMAND, "application:close") == "done"
    assert not browser.find_elements(By.CSS_SELECTOR, ".jp-Dialog")  # nobody asks about changes
    assert not browser.execute_script("return !!window.jupyterapp.shell.currentWidget?.context")
    assert files(project / "notebooks") == before


def test_a_saved_notebook_holds_nothing_of_this_machine(
    address: str, browser: webdriver.Chrome, project: Path
) -> None:
    name = NOTEBOOKS[0]
    text, written = files(project / "notebooks")[name]
    opened(browser, address, name)
    assert browser.execute_async_script(COMMAND, "docmanager:save") == "done"
    saved, later = files(project / "notebooks")[name]
    assert later > written
    assert saved == text


# The step table is drawn anew while one looks: the page itself notes what it showed.
WATCH = """
window.shownStates = new Set();
new MutationObserver(() => {
  for (const table of document.querySelectorAll('.jp-OutputArea-output table'))
    if (table.textContent.includes('Preprocess'))
      for (const state of ['Executing', 'Succeeded'])
        if (table.textContent.includes(state)) window.shownStates.add(state);
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


def tables_with(browser: webdriver.Chrome, *texts: str) -> list[WebElement]:
    """The tables among the notebook's outputs that show all of these texts."""
    tables = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output table")
    return [table for table in tables if all(text in table.text for text in texts)]


def pictures_with(browser: webdriver.Chrome, *texts: str) -> list[WebElement]:
    """The SVG pictures among the outputs that hold these texts; JupyterLab shows them as images."""
    found = browser.find_elements(
        By.CSS_SELECTOR, ".jp-OutputArea-output svg, .jp-OutputArea-output img[src*='svg']"
    )
    return [
        picture
        for picture in found
        if picture.size["width"] > 100
        and all(text in str(picture.get_attribute("outerHTML")) for text in texts)
    ]


def shown(browser: webdriver.Chrome, look: Look, *texts: str) -> list[WebElement]:
    """What `look` finds, once the page has drawn it and left it alone."""
    patient = WebDriverWait(
        browser, lab.PATIENCE, ignored_exceptions=[StaleElementReferenceException]
    )
    return list(patient.until(lambda page: look(page, *texts)))


def photograph(browser: webdriver.Chrome, element: WebElement, file: Path) -> None:
    """A screenshot of the page, scrolled to an element."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    browser.save_screenshot(str(file))


def test_the_pipeline_notebook_in_jupyterlab(
    address: str, browser: webdriver.Chrome, project: Path, tmp_path: Path
) -> None:
    browser.get(address.format(notebook=TRAINING))
    lab.wait_until_open(browser)
    browser.execute_script(WATCH)
    try:
        lab.run_all(browser)
    finally:
        browser.save_screenshot(str(tmp_path / "end.png"))

    states = browser.execute_script("return [...window.shownStates]")
    assert states == ["Executing", "Succeeded"]  # the table was there while the steps ran
    names = ("Preprocess", "Train", "Evaluate", "RegisterModel", "Succeeded")
    [steps] = shown(browser, tables_with, *names)
    photograph(browser, steps, tmp_path / "steps.png")
    assert "Executing" not in steps.text
    metrics, *_ = shown(browser, tables_with, "rmse", "r2", "constant")
    photograph(browser, metrics, tmp_path / "metrics.png")
    picture, *_ = shown(browser, pictures_with, "Preprocess", "RegisterModel")
    photograph(browser, picture, tmp_path / "picture.png")
    assert len(LocalState(project).packages()) == 1
