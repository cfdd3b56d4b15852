"""A model's own script: its functions are found, and called, as SageMaker's toolkit does.

Which functions, and what they get: "Adapting Your Own Inference Container" in the SageMaker
Developer Guide, and ``transformer.py`` of sagemaker-inference-toolkit.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import scikit_learn_defaults, xgboost_defaults
from .records import CSV, JSON

# What the image of a model has for a script that leaves a function out, by the value of _DEFAULTS.
_DEFAULTS = "SAGEMAKER_LOCAL_DEFAULTS"
_DEFAULT_FUNCTIONS = {
    "scikit-learn": scikit_learn_defaults.FUNCTIONS,
    "xgboost": xgboost_defaults.FUNCTIONS,
}
# The toolkit decodes these; any other body is bytes.
_TEXTS = (CSV, JSON)
_STEPS = ("input_fn", "predict_fn", "output_fn")
_ARGUMENTS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}


class ScriptError(Exception):
    """The script is not one that serves a model; no record is to blame."""


class StatusError(Exception):
    """A script answers with an error.

    Attributes:
        status: of the HTTP answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def say(error: Exception) -> None:
    """Print an error, after what it came of."""
    if error.__cause__ is not None:
        traceback.print_exception(error.__cause__)
    print(error, file=sys.stderr)


def default_accept() -> str:
    """The type of answers that the model's container is told to give where nobody asks for one."""
    return os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)


class ModelScript:
    """A loaded model with the functions that answer for it.

    Args:
        code: the folder with the script and the modules that it imports.
        program: the script's name in it.
        model: the folder with the model's files.
        content_type: of the bodies that ``answer`` gets.
        accept: the type of the answers that ``answer`` gives.

    Raises:
        ScriptError: it cannot be imported, a function is missing, or the model does not load.
    """

    def __init__(
        self, code: Path, program: str, model: Path, content_type: str = JSON, accept: str = JSON
    ) -> None:
        self._program = program
        self._content_type = content_type
        self._accept = accept
        sys.path.insert(0, str(code))
        module = self._said(lambda: importlib.import_module(program.removesuffix(".py")), "import")
        load = self._function(module, "model_fn")
        if hasattr(module, "transform_fn"):
            self._refuse_both(module)
            self._answer = self._function(module, "transform_fn")
        else:
            self._answer = self._in_steps(*(self._function(module, name) for name in _STEPS))
        self._model = self._said(lambda: load(str(model)), "model_fn")

    def answer(self, body: bytes) -> bytes:
        """What the model says to a body.

        Raises:
            ScriptError: it is neither text nor bytes.
            Exception: whatever the script raises.
        """
        return self.respond(body, self._content_type, self._accept)[0]

    def respond(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """What the model says to a body of a type, and the type that it says this has.

        Raises:
            ScriptError: it is neither text nor bytes.
            Exception: whatever the script raises.
        """
        content = body.decode("utf-8", "replace") if content_type in _TEXTS else body
        answer, kind = self._answer(self._model, content, content_type, accept), ""
        if isinstance(answer, tuple):  # with its type, which the toolkit allows
            answer, kind = answer[0], str(answer[1]) if len(answer) > 1 else ""
        elif hasattr(answer, "get_data") and hasattr(answer, "mimetype"):  # a response of Flask's
            answer, kind = _said_by(answer)
        if isinstance(answer, str):
            return answer.encode("utf-8"), kind
        if isinstance(answer, bytes | bytearray):
            return bytes(answer), kind
        raise ScriptError(
            f"{self._program}: it answers with {type(answer).__name__}; output_fn, or "
            "transform_fn, should give a string or bytes"
        )

    def _in_steps(
        self, read: Callable[..., Any], predict: Callable[..., Any], write: Callable[..., Any]
    ) -> Callable[..., Any]:
        def answer(model: Any, content: Any, content_type: str, accept: str) -> Any:
            return write(predict(read(content, content_type), model), accept)

        return answer

    def _function(self, module: Any, name: str) -> Callable[..., Any]:
        defaults = _DEFAULT_FUNCTIONS.get(os.environ.get(_DEFAULTS, ""), {})
        function = getattr(module, name, None) or defaults.get(name)
        if function is None:
            raise ScriptError(
                f"{self._program} has no {name}; the one that its container image falls back on "
                "is not here, so define it"
            )
        return _with_context(function, _ARGUMENTS[name])

    def _refuse_both(self, module: Any) -> None:
        others = [name for name in _STEPS if hasattr(module, name)]
        if others:
            raise ScriptError(
                f"{self._program} has transform_fn and {', '.join(others)}; SageMaker takes "
                "either the first or the others"
            )

    def _said(self, step: Callable[[], Any], name: str) -> Any:
        try:
            return step()
        except Exception as error:
            # Its first line: XGBoost's errors end in the addresses of C functions.
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise ScriptError(f"{self._program}: {name} failed: {said}") from error


def _said_by(response: Any) -> tuple[bytes, str]:
    """The body and the type of a response of Flask's.

    Raises:
        StatusError: it is an error.
    """
    body = response.get_data()
    if response.status_code >= 400:
        raise StatusError(response.status_code, body.decode("utf-8", "replace"))
    return body, response.mimetype


def _with_context(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    """The toolkit gives the server's context to a function that asks for it; here it is None."""
    asked = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty and parameter.kind < parameter.VAR_POSITIONAL
    ]
    if len(asked) == arguments + 1:
        return lambda *given: function(*given, None)
    return function
