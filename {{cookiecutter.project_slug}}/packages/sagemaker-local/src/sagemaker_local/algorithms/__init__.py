"""Built-in algorithms, run without a script: what validates, trains and serves in a job's process.

The engine imports this folder as ``sagemaker_local.algorithms``. In a training job it is the
package ``sagemaker_algorithms`` (see ``train_xgboost``), and behind a model ``xgboost_serving`` is
that model's script. So modules here import each other relatively, and nothing of the engine.

Source of all of it: aws/sagemaker-xgboost-container, ``algorithm_mode``.
"""
