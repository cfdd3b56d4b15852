"""Built-in algorithms, run without a script: what validates, trains and serves in a job's process.

The engine imports this folder as ``sagemaker_local.algorithms``. In a training job, and behind a
model, it is the package ``sagemaker_algorithms``, and ``start`` is the script. So modules here
import each other relatively, and nothing of the engine.

Sources: of XGBoost, aws/sagemaker-xgboost-container, ``algorithm_mode``; of Linear Learner, whose
code is not public, the SageMaker Developer Guide.
"""
