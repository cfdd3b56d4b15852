"""Metrics by the names of SageMaker's XGBoost algorithm, for a search on SageMaker.

Of its own XGBoost image, the service takes no metric definitions, a script's neither: it looks in a
training job's log for the lines of XGBoost, and a search has one of the algorithm's metrics as its
objective. So training says what it measured in that form, too. The names are those of "Tune an
XGBoost Model" in the SageMaker Developer Guide; what r2 and balanced_accuracy are to us is not
among them.
"""

from collections.abc import Mapping

from .metrics import MINIMIZED

# Of each problem type, our names and the algorithm's. The first one stands for what it has not:
# models in the order of their rmse are in that of their r2, too.
NAMES = {
    "regression": {"rmse": "rmse", "mse": "mse", "mae": "mae"},
    "binary_classification": {
        "roc_auc": "auc",
        "log_loss": "logloss",
        "f1": "f1",
        "accuracy": "accuracy",
    },
    "multiclass_classification": {"log_loss": "mlogloss", "macro_f1": "f1", "accuracy": "accuracy"},
}


def objective(problem_type: str, primary_metric: str) -> tuple[str, str]:
    """What a search looks at, such as validation:rmse, and whether to Minimize or Maximize it."""
    names = NAMES[problem_type]
    ours = primary_metric if primary_metric in names else next(iter(names))
    return f"validation:{names[ours]}", "Minimize" if ours in MINIMIZED else "Maximize"


def log_line(problem_type: str, measured: Mapping[str, float]) -> str:
    """Metrics of the validation rows as a line of XGBoost's: [0]#011validation-rmse:1.5#011...

    XGBoost writes a tab where this has #011, which is how a tab stands in the service's logs.
    """
    names = NAMES[problem_type].items()
    return "[0]" + "".join(f"#011validation-{name}:{measured[ours]:.6g}" for ours, name in names)
