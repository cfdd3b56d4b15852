"""What serves a model inside a job's process: the standard library, the model's own code, and
orjson where it is installed.

The engine imports this folder as ``sagemaker_local.serving``. In a job it is the package
``sagemaker_serving`` (see ``batch_transform``), so its modules import each other relatively and
nothing of the engine.
"""
