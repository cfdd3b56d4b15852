"""What SageMaker's own XGBoost image wants to be told, and what it does not."""

from sagemaker_local.jobs import xgboost_image

# At its start the image installs a model's code, or a tuning job's script, by `pip install .`, and
# pip fetches setuptools from the internet for that, though the image has it. Where there is no
# internet nothing starts. The switch against it is --no-build-isolation. As a variable it reads the
# other way round: pip takes its value for what the switch sets, build isolation, so that 0 turns it
# off and 1 leaves it on (`store_false` in pip's cmdoptions.py, `_update_defaults` in parser.py).
OFFLINE = {"PIP_NO_BUILD_ISOLATION": "0"}


def metric_definitions(image: str, objective: str) -> list[dict[str, str]] | None:
    """How a search finds its objective in a job's log; None where the service knows it by itself.

    Args:
        image: the training jobs' container image.
        objective: such as validation:rmse, in lines as `tabular/objectives.py` writes them.
    """
    if xgboost_image.is_sagemakers(image):
        return None
    name = objective.replace(":", "-")
    return [{"Name": objective, "Regex": rf"#011{name}:([-+.0-9e]+)"}]
