"""What notebooks import, loaded at once: whoever is forked from a process that has it has all."""

import contextlib
import importlib
import sys
from functools import cache, partial
from importlib import metadata
from pathlib import Path

MODULES = (
    *("papermill.cli", "nbclient", "nbconvert", "ipykernel.kernelapp", "ipykernel.ipkernel"),
    *("ipykernel.debugger", "tornado.platform.asyncio", "tornado.queues", "IPython.core.logger"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic", "packaging.requirements"),
    # Not matplotlib_inline's backend, which asks for the kernel's shell when it is imported.
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "PIL.features", "pyparsing"),
    *("pandas", "pandas.io.formats.style", "scipy.stats", "boto3", "sqlite3", "zstandard"),
    *("sagemaker.core.image_uris", "sagemaker.core.processing", "sagemaker.core.transformer"),
    *("sagemaker.core.workflow.pipeline_context", "sagemaker.core.workflow.functions"),
    *("sagemaker.train", "sagemaker.train.tuner", "sagemaker.serve.model_builder"),
    *("sagemaker.mlops.workflow.pipeline", "sagemaker.mlops.workflow.steps"),
    *("sagemaker.mlops.workflow.condition_step", "sagemaker.mlops.workflow.model_step"),
    *("sagemaker.mlops.workflow.fail_step", "sagemaker.core.utils.install_requirements"),
    # What the engine's fork server loads for jobs.
    *("pyarrow.compute", "pyarrow.csv", "xgboost", "sklearn.linear_model", "sklearn.metrics"),
    "sklearn.preprocessing",
)

for name in MODULES:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
with contextlib.suppress(ImportError, AttributeError):  # a list that takes a third of a second
    utilities = importlib.import_module("sagemaker.core.common_utils")
    vars(utilities)["_botocore_resolver"] = cache(utilities._botocore_resolver)
    utilities._botocore_resolver()
with contextlib.suppress(ImportError, AttributeError):  # each session of boto3 reads megabytes anew
    loaders = importlib.import_module("botocore.loaders")
    read = cache(partial(loaders.JSONFileLoader._load_file, loaders.JSONFileLoader()))
    loaders.JSONFileLoader._load_file = lambda self, path, opener: read(path, opener)
    loader = loaders.create_loader()
    loader.load_data("endpoints")
    for service in ("s3", "sagemaker"):
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)


def stamp() -> tuple[tuple[str, int], ...]:
    """Changes when something is installed."""
    folders = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    return tuple((str(each), each.stat().st_mtime_ns) for each in folders if each.is_dir())


# The engine asks once for each root, and a root that is new is what most tests have.
list_distributions = metadata.packages_distributions
distributions = cache(lambda stamp: list_distributions())
distributions(stamp())
vars(metadata)["packages_distributions"] = lambda: distributions(stamp())
# A program finds what it finds when it is started plainly.
sys.path.remove(str(Path(__file__).parent))
