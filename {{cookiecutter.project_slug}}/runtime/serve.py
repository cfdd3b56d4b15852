"""A model behind HTTP, as SageMaker runs a container: /ping, /invocations, /execution-parameters.

`python serve.py` in an artifact's code/ serves that artifact. What a request means, and what is
answered, is up to inference.py.
"""

import gc
import os
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in SageMaker's image: requests share the cores

import inference
from tabular import job
from tabular.answers import JSON
from tabular.connections import server
from tabular.documentation import describe
from tabular.service import MEGABYTE, Loaded, Service
from tabular.values import DataError

PAYLOAD = 6  # MB, the most that an endpoint takes; a batch job may say more
LOOPBACK = "127.0.0.1"
MANY = 1_000  # rows that are predicted as many are, which may need another library


def arguments(argv: Sequence[str] | None) -> Namespace:
    """Where the model is, and where to listen; SageMaker says it by variables."""
    parser = job.Arguments("serve", description=__doc__)
    add, beside = parser.add_argument, Path(__file__).resolve().parents[1]
    add("command", nargs="?", choices=("serve",), help="what SageMaker starts a container with")
    model_dir = Path(os.environ.get("SM_MODEL_DIR") or beside)
    add("--model-dir", type=Path, default=model_dir, help="an artifact's folder")
    add("--host", default=LOOPBACK, help="0.0.0.0: every network that this machine is in")
    add("--port", type=int, default=told("SAGEMAKER_BIND_TO_PORT", 8080))
    add("--seconds", type=float, default=30.0, help="in which a request must be whole")
    return parser.parse_args(argv)


def told(variable: str, default: int) -> int:
    """A whole number that SageMaker tells by a variable."""
    word = os.environ.get(variable) or str(default)
    if not word.isdecimal():
        raise DataError(f"{variable} is {word!r}, not a whole number")
    return int(word)


def load(model_dir: Path) -> Loaded:
    """The model; its first prediction is made here."""
    names = "signature", "preprocessing"
    described = describe(*(job.read_json(model_dir, f"{name}.json") for name in names))
    model = inference.model_fn(str(model_dir))
    default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or JSON

    def respond(body: bytes, content_type: str, accept: str) -> tuple[bytes | str, str]:
        records = inference.input_fn(body, content_type)
        predictions = inference.predict_fn(records, model)
        return inference.output_fn(predictions, default if accept in ("", "*/*") else accept)

    inference.predict([described.example], model)
    gc.freeze()  # what is there now stays, and need not be looked at again
    return Loaded(respond, described, lambda: inference.predict([described.example] * MANY, model))


def application(model_dir: Path) -> Service:
    """The application, for whatever serves one of ASGI."""
    megabytes = told("SAGEMAKER_MAX_PAYLOAD_IN_MB", PAYLOAD)
    concurrent = told("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", 1)
    return Service(lambda: load(model_dir), megabytes * MEGABYTE, concurrent)


def serve(options: Namespace) -> None:
    """Serve until SIGTERM; what is under way then is answered.

    Raises:
        DataError: the model cannot be loaded.
    """
    app = application(options.model_dir)
    running = server(
        app, options.host, options.port, options.seconds, lambda port: say(options, port)
    )
    app.failed = running.stop
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # when all is answered
    running.run()
    if app.failure is not None:
        raise unusable(options.model_dir, app.failure)


def unusable(model_dir: Path, failure: Exception) -> DataError:
    """One sentence about a model that cannot be loaded; more of it is in the log."""
    if isinstance(failure, DataError):
        return failure
    traceback.print_exception(failure)
    reason = (str(failure) or "?").splitlines()[0]
    return DataError(f"{model_dir} cannot be served: {type(failure).__name__}: {reason}")


def say(options: Namespace, port: int) -> None:
    """Say where the server is, and who can reach it."""
    print(f"serve: {options.model_dir} at http://{options.host}:{port}", flush=True)
    if options.host != LOOPBACK:
        print("serve: whoever reaches this machine can ask the model", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run as a script; a mistake in arguments or artifact is one sentence and exit code 1."""
    with job.one_sentence("serve"):
        serve(arguments(argv))


if __name__ == "__main__":
    main()
