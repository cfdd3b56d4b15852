"""A part of JupyterLab's server: a notebook that is only opened and closed stays as it is.

JupyterLab writes into an open notebook which kernel runs it, down to the version of Python, and
marks the notebook as changed where that was not there before. The repository's notebooks hold the
name of their kernel alone, as `make clean` leaves it. So the server tells the browser what the
browser is about to write, and forgets it again before it saves.

Installing the project puts `jupyterlab.json`, which enables this, into the environment's
`etc/jupyter/jupyter_server_config.d` (see pyproject.toml).
"""

import asyncio
import functools
import json
import subprocess
import sys
from typing import Any

KERNEL = "ipykernel_launcher"  # the kernels that are asked
ASK = """
import json
from ipykernel.ipkernel import IPythonKernel

print(json.dumps(IPythonKernel.language_info))
"""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What the server asks a module that it should take a part from."""
    return [{"module": __name__}]


def _link_jupyter_server_extension(server: Any) -> None:
    """Let the server's class for files, whichever it is, tell which kernel a notebook has."""
    from jupyter_server.services.contents.manager import AsyncContentsManager

    if issubclass(server.contents_manager_class, AsyncContentsManager):
        bases = (Notebooks, server.contents_manager_class)
        server.contents_manager_class = type("NotebooksWithKernels", bases, {})


def _load_jupyter_server_extension(server: Any) -> None:
    """Let the server's files forget it before they are saved."""
    server.contents_manager.register_pre_save_hook(forget_kernel)


class Notebooks:
    """What a server's class for files gets besides: notebooks that know their kernel."""

    parent: Any

    async def get(self, *path: Any, **options: Any) -> dict[str, Any]:
        """A file for the browser, as the server describes it."""
        model: dict[str, Any] = await super().get(*path, **options)  # type: ignore[misc]
        if model["type"] == "notebook" and model["content"]:
            metadata = model["content"]["metadata"]
            name = metadata.get("kernelspec", {}).get("name", "")
            specs = self.parent.kernel_spec_manager
            metadata |= await asyncio.to_thread(kernel_metadata, specs, name)
        return model


def kernel_metadata(specs: Any, name: str) -> dict[str, Any]:
    """What JupyterLab writes into a notebook that runs in a kernel.

    Args:
        specs: the server's ``KernelSpecManager``.
        name: of the kernel, such as ``python3``.

    Returns:
        ``kernelspec`` and ``language_info``; nothing where there is no such kernel of IPython.
    """
    try:
        spec = specs.get_kernel_spec(name)
        if KERNEL not in spec.argv:
            return {}
        language = language_info(spec.argv[0])
    except (KeyError, OSError, subprocess.SubprocessError):  # NoSuchKernel is a KeyError
        return {}
    shown = {"name": name, "display_name": spec.display_name, "language": spec.language}
    return {"kernelspec": shown, "language_info": language}


@functools.cache
def language_info(program: str) -> dict[str, Any]:
    """What a kernel that this Python runs says about its language when it starts."""
    python = sys.executable if program in ("python", "python3") else program
    asked = subprocess.run([python, "-c", ASK], capture_output=True, check=True, timeout=60)
    return dict(json.loads(asked.stdout))


def forget_kernel(model: dict[str, Any], **_: Any) -> None:
    """Take out of a notebook that is about to be saved what depends on this machine's kernel."""
    if model["type"] != "notebook" or not model.get("content"):
        return
    metadata = model["content"]["metadata"]
    metadata.pop("language_info", None)
    if "kernelspec" in metadata:
        metadata["kernelspec"]["display_name"] = metadata["kernelspec"]["name"]
