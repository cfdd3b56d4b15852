"""Stands for `sagemaker_xgboost_container`, which no package index has, in script mode.

That package is a thin layer over `sagemaker_containers`: it hands a person's script to the library
that trains or serves. What else it does (the built-in algorithm, several models in one server) is
not here.
"""

import importlib
import os
from functools import cache
from typing import Any

from sagemaker_containers.beta import framework

_FUNCTIONS = ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")


def train() -> None:
    """What the command `train` calls: the script, as a module, with its hyperparameters."""
    job = framework.training_env()
    framework.modules.run_module(
        job.module_dir, job.to_cmd_args(), job.to_env_vars(), job.module_name, capture_error=False
    )


def serve() -> None:
    """The command `serve`."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    framework.server.start(framework.env.ServingEnv().framework_module)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """What gunicorn's workers answer with."""
    return _worker()(environ, start_response)


@cache
def _worker() -> Any:
    name = framework.env.ServingEnv().module_name
    script = importlib.import_module(name)
    functions = {each: getattr(script, each) for each in _FUNCTIONS if hasattr(script, each)}
    transformer = framework.transformer.Transformer(**functions)
    transformer.initialize()
    return framework.worker.Worker(transform_fn=transformer.transform, module_name=name)
