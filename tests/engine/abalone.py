"""The Abalone pipeline, as AWS's users write it: its scripts, and its definition.

Adapted from AWS's example "Orchestrate jobs to train and evaluate models with Amazon SageMaker
Pipelines" in nothing but names: paths are literal, the algorithm is the built-in XGBoost, the model
is read as a pickle, as that image leaves it.
"""

from __future__ import annotations

from typing import Any

from engine.definitions import (
    Json,
    artifacts_of,
    compare,
    condition,
    definition,
    fail,
    get,
    join,
    json_get,
    output_of,
    parameter,
    step,
    training,
)

XGBOOST = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
SKLEARN = "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:0.23-1-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/SageMakerRole"
PREPROCESS = """
import os
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

names = ["sex", "length", "diameter", "height", "whole_weight", "shucked_weight",
         "viscera_weight", "shell_weight"]

if __name__ == "__main__":
    base_dir = "/opt/ml/processing"
    df = pd.read_csv(f"{base_dir}/input/abalone-dataset.csv", header=None, names=names + ["rings"])
    numeric = [name for name in names if name != "sex"]
    preprocess = ColumnTransformer([
        ("num", Pipeline([("i", SimpleImputer(strategy="median")), ("s", StandardScaler())]),
         numeric),
        ("cat", Pipeline([("i", SimpleImputer(strategy="constant", fill_value="missing")),
                          ("o", OneHotEncoder(handle_unknown="ignore"))]), ["sex"]),
    ])
    y = df.pop("rings")
    X = np.concatenate((y.to_numpy().reshape(len(y), 1), preprocess.fit_transform(df)), axis=1)
    np.random.seed(1)
    np.random.shuffle(X)
    train, validation, test = np.split(X, [int(0.7 * len(X)), int(0.85 * len(X))])
    for name, rows in (("train", train), ("validation", validation), ("test", test)):
        pd.DataFrame(rows).to_csv(f"{base_dir}/{name}/{name}.csv", header=False, index=False)
    batch = pd.DataFrame(test[:, 1:])
    os.makedirs(f"{base_dir}/batch", exist_ok=True)
    batch.to_csv(f"{base_dir}/batch/batch.csv", header=False, index=False)
"""
EVALUATE = """
import json, os, pathlib, pickle, tarfile
import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import mean_squared_error

if __name__ == "__main__":
    with tarfile.open("/opt/ml/processing/model/model.tar.gz") as tar:
        tar.extractall(path=".")
    model = pickle.load(open("xgboost-model", "rb"))
    df = pd.read_csv("/opt/ml/processing/test/test.csv", header=None)
    y_test = df.iloc[:, 0].to_numpy()
    df.drop(df.columns[0], axis=1, inplace=True)
    predictions = model.predict(xgboost.DMatrix(df.values))
    report = {
        "regression_metrics": {
            "mse": {
                "value": float(mean_squared_error(y_test, predictions)),
                "standard_deviation": float(np.std(y_test - predictions)),
            },
        },
    }
    output_dir = "/opt/ml/processing/evaluation"
    pathlib.Path(output_dir).mkdir(parents=True, exist_ok=True)
    with open(f"{output_dir}/evaluation.json", "w") as f:
        f.write(json.dumps(report))
"""
_CLUSTER = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
_HYPERPARAMETERS = {
    "objective": "reg:linear",
    "num_round": "50",
    "max_depth": "5",
    "eta": "0.2",
    "gamma": "4",
    "min_child_weight": "6",
    "subsample": "0.7",
}


def abalone(preprocess: str, evaluate: str) -> str:
    """The definition.

    Args:
        preprocess: where its first script is.
        evaluate: where its second one is.
    """
    model = artifacts_of("AbaloneTrain")
    container = {"Image": XGBOOST, "Environment": {}, "ModelDataUrl": model}
    mse = json_get("AbaloneEval", "EvaluationReport", "regression_metrics.mse.value")
    limit = get("Parameters.MseThreshold")
    return definition(
        _processing(
            "AbaloneProcess",
            SKLEARN,
            preprocess,
            {"": get("Parameters.InputData")},
            ("train", "validation", "test", "batch"),
        ),
        _train(),
        _processing(
            "AbaloneEval",
            XGBOOST,
            evaluate,
            {"/model": model, "/test": output_of("AbaloneProcess", "test")},
            ("evaluation",),
        )
        | {
            "PropertyFiles": [
                {
                    "PropertyFileName": "EvaluationReport",
                    "OutputName": "evaluation",
                    "FilePath": "evaluation.json",
                }
            ]
        },
        condition(
            "AbaloneMSECond",
            [compare("LessThanOrEqualTo", mse, limit)],
            [
                step(
                    "AbaloneRegisterModel-RegisterModel",
                    "RegisterModel",
                    {
                        "ModelPackageGroupName": "AbaloneModelPackageGroupName",
                        "InferenceSpecification": {
                            "Containers": [container],
                            "SupportedContentTypes": ["text/csv"],
                            "SupportedResponseMIMETypes": ["text/csv"],
                        },
                        "ModelApprovalStatus": "PendingManualApproval",
                    },
                ),
                step(
                    "AbaloneCreateModel-CreateModel",
                    "Model",
                    {"ExecutionRoleArn": ROLE, "PrimaryContainer": container},
                ),
                _transform(),
            ],
            [fail("AbaloneMSEFail", join(" ", "Execution failed due to MSE >", limit))],
        ),
        parameters=[
            parameter("InputData", "String"),
            parameter("MseThreshold", "Float", 6.0),
        ],
    )


def _processing(
    name: str, image: str, script: str, inputs: dict[str, Any], outputs: tuple[str, ...]
) -> Json:
    root, code = "/opt/ml/processing", "/opt/ml/processing/input/code"
    places = {path or "/input": uri for path, uri in inputs.items()} | {"/input/code": script}
    sources = [
        {
            "InputName": "code" if path == "/input/code" else f"input-{number}",
            "AppManaged": False,
            "S3Input": {
                "S3Uri": uri,
                "LocalPath": f"{root}{path}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for number, (path, uri) in enumerate(places.items(), 1)
    ]
    targets = [
        {
            "OutputName": output,
            "AppManaged": False,
            "S3Output": {
                "S3Uri": f"s3://sagemaker-us-west-2-000000000000/{name}/output/{output}",
                "LocalPath": f"{root}/{output}",
                "S3UploadMode": "EndOfJob",
            },
        }
        for output in outputs
    ]
    file = script.rsplit("/", 1)[-1]
    return step(
        name,
        "Processing",
        {
            "ProcessingResources": {"ClusterConfig": dict(_CLUSTER)},
            "AppSpecification": {
                "ImageUri": image,
                "ContainerEntrypoint": ["python3", f"{code}/{file}"],
            },
            "RoleArn": ROLE,
            "ProcessingInputs": sources,
            "ProcessingOutputConfig": {"Outputs": targets},
        },
    )


def _train() -> Json:
    channels = {name: output_of("AbaloneProcess", name) for name in ("train", "validation")}
    made = training("AbaloneTrain", channels, hyperparameters=_HYPERPARAMETERS)
    made["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = XGBOOST
    for channel in made["Arguments"]["InputDataConfig"]:
        channel["ContentType"] = "text/csv"
    return made


def _transform() -> Json:
    """Without a content type and a split, as the example's has neither."""
    source = {"S3DataType": "S3Prefix", "S3Uri": output_of("AbaloneProcess", "batch")}
    return step(
        "AbaloneTransform",
        "Transform",
        {
            "ModelName": get("Steps.AbaloneCreateModel-CreateModel.ModelName"),
            "TransformInput": {"DataSource": {"S3DataSource": source}},
            "TransformOutput": {
                "S3OutputPath": "s3://sagemaker-us-west-2-000000000000/AbaloneTransform"
            },
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge"},
        },
    )
