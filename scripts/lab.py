"""JupyterLab on this machine alone, and a headless Chromium that looks at it.

For tests and for the README's pictures. JupyterLab comes from ``build/lab``, which `make test` and
`make pictures` install; Chromium and its driver are Debian's packages.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

LAB = Path(__file__).resolve().parents[1] / "build/lab/bin/jupyter-lab"
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
KERNEL_NAME = "Python 3 (ipykernel)"  # as IPython calls its own
PATIENCE = 240  # seconds

RUN_ALL = """
const app = window.jupyterapp, done = arguments[arguments.length - 1];
app.restored
  .then(() => app.shell.currentWidget.context.ready)
  .then(() => app.shell.currentWidget.sessionContext.ready)
  .then(() => { app.commands.execute('notebook:run-all-cells'); done('started'); });
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


class LabError(RuntimeError):
    """JupyterLab or a notebook in it did not do what was asked; the message is one sentence."""


@contextmanager
def serving(
    folder: Path,
    home: Path,
    python: list[str],
    environment: Mapping[str, str],
    autosave: float = 120,
) -> Iterator[str]:
    """Serve a folder's notebooks on 127.0.0.1, with settings and a kernel of its own.

    Args:
        folder: the notebooks'.
        home: a folder for JupyterLab's settings and log.
        python: the command that starts the kernel's interpreter.
        environment: of the server, and so of the kernel.
        autosave: after how many seconds JupyterLab saves what was changed.

    Yields:
        The address of a notebook, but for its name: ``address.format(notebook="01.ipynb")``. What
        an earlier page had open is not opened again.
    """
    _write_kernel(home / "kernels" / "python3", python)
    saving = {"docmanager-extension/plugin": {"autosaveInterval": autosave}}
    for name, values in {**SETTINGS, **saving}.items():
        file = home / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    names = {"JUPYTER_PATH": "", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    names |= {"JUPYTER_RUNTIME_DIR": "runtime", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    names |= {"JUPYTERLAB_WORKSPACES_DIR": "workspaces", "HOME": "", "IPYTHONDIR": "ipython"}
    places = {name: str(home / below) for name, below in names.items()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [str(LAB), str(folder), "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"]
    command += [f"--IdentityProvider.token={token}"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with (home / "jupyterlab.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, cwd=folder.parent, env={**environment, **places}, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, Path(log.name))
            yield f"http://127.0.0.1:{port}/lab/tree/{{notebook}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait(30)


def _write_kernel(folder: Path, python: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arguments = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    kernel = {"argv": [*python, *arguments], "display_name": KERNEL_NAME, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"JupyterLab does not answer; its log is {log}") from None
            time.sleep(0.2)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def wait_until_open(browser: webdriver.Chrome) -> None:
    """Wait until the notebook of the page's address is shown."""
    WebDriverWait(browser, PATIENCE).until(
        lambda page: page.execute_script(
            "return !!(window.jupyterapp && window.jupyterapp.shell.currentWidget?.context)"
        )
    )


def run_all(browser: webdriver.Chrome) -> None:
    """Run all cells and wait for the last one.

    Raises:
        LabError: a cell failed, or not all have ended after a while.
    """
    browser.execute_async_script(RUN_ALL)
    deadline = time.monotonic() + PATIENCE
    while True:
        waiting, errors = browser.execute_script(STATE)
        if errors:
            raise LabError(f"A cell failed: {errors[0]}")
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise LabError(f"{waiting} cells have not ended")
        time.sleep(0.2)
