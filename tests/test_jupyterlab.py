"""The training pipeline's notebook in a real JupyterLab, in a real browser: run, then looked at.

`make test` installs JupyterLab into `build/lab`, apart from the environment that papermill runs in,
and `.ci/run` installs Debian's Chromium. JupyterLab's kernel is the suite's own interpreter.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import TEMPLATE, Bake, environment
from ipykernel.kernelspec import write_kernel_spec
from projects import TRAINING, LocalState
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

LAB = TEMPLATE / "build/lab/bin/jupyter-lab"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run
    --disable-background-networking --disable-component-update --disable-sync
    --window-size=1400,1000
""".split()
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
PATIENCE = 240  # seconds

Look = Callable[..., list[WebElement]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LAB.exists(), reason="no build/lab: `make test` installs JupyterLab"),
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no browser: apt-get install chromium chromium-driver"
    ),
]


@pytest.fixture
def project(bake_own: Bake) -> Path:
    """A generated project, whose pipeline has little to do."""
    return bake_own()


@pytest.fixture
def lab(project: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves the project's notebooks, to this machine alone."""
    home = tmp_path / "home"
    write_kernel_spec(str(home / "kernels" / "python3"), extra_arguments=["--log-level=ERROR"])
    for name, values in SETTINGS.items():
        file = home / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    names = {"JUPYTER_PATH": "", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    names |= {"JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    names |= {"JUPYTERLAB_WORKSPACES_DIR": "workspaces", "HOME": "", "IPYTHONDIR": "ipython"}
    places = {name: str(home / folder) for name, folder in names.items()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [str(LAB), str(project / "notebooks"), "--no-browser", "--ip=127.0.0.1"]
    command += [
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--LabApp.expose_app_in_browser=True",
    ]
    command += [f"--IdentityProvider.token={token}"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with (tmp_path / "jupyterlab.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=project, env=environment(project, places), stdout=log, stderr=log
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={token}", server)
            yield f"http://127.0.0.1:{port}/lab/tree/{TRAINING}?token={token}"
        finally:
            server.terminate()
            server.wait(30)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert server.poll() is None, "JupyterLab ended; see jupyterlab.log"
            assert time.monotonic() < deadline, "JupyterLab does not answer"
            time.sleep(0.2)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'chromium'}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


RUN_ALL = """
const app = window.jupyterapp, done = arguments[arguments.length - 1];
app.restored
  .then(() => app.shell.currentWidget.context.ready)
  .then(() => app.shell.currentWidget.sessionContext.ready)
  .then(() => { app.commands.execute('notebook:run-all-cells'); done('started'); });
"""
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
# [cells that wait or run, names of errors in outputs]
STATE = """
const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(
  cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim());
const outputs = cells.flatMap(cell => cell.model.outputs.toJSON());
return [
  cells.filter(cell => cell.promptNode.textContent.includes('*')
    || cell.model.executionCount === null).length,
  outputs.filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}`)];
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
    patient = WebDriverWait(browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
    return list(patient.until(lambda page: look(page, *texts)))


def run_all(browser: webdriver.Chrome) -> list[str]:
    """Run all cells and wait for the last one; returns the states that the step table showed."""
    WebDriverWait(browser, PATIENCE).until(
        lambda page: page.execute_script(
            "return !!(window.jupyterapp && window.jupyterapp.shell.currentWidget?.context)"
        )
    )
    browser.execute_script(WATCH)
    assert browser.execute_async_script(RUN_ALL) == "started"
    deadline = time.monotonic() + PATIENCE
    while True:
        waiting, errors = browser.execute_script(STATE)
        assert errors == []
        if not waiting:
            return list(browser.execute_script("return [...window.shownStates]"))
        assert time.monotonic() < deadline, f"{waiting} cells are not finished"
        time.sleep(0.2)


def photograph(browser: webdriver.Chrome, element: WebElement, file: Path) -> None:
    """A screenshot of the page, scrolled to an element."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    browser.save_screenshot(str(file))


def test_the_pipeline_notebook_in_jupyterlab(
    lab: str, browser: webdriver.Chrome, project: Path, tmp_path: Path
) -> None:
    browser.get(lab)
    try:
        states = run_all(browser)
    finally:
        browser.save_screenshot(str(tmp_path / "end.png"))

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
