"""A process that has the heavy libraries imported and forks one child for each job.

Importing pandas, scikit-learn and xgboost takes seconds, a fork milliseconds. The server is started
by ``__main__``, as a script. There this folder is the package ``sagemaker_forkserver``: a job must
find what a plain run finds, and not the engine. So its modules import each other relatively and
nothing of the engine, which imports them as ``sagemaker_local.processes.forkserver``.
"""
