"""Functions that the SDK sends as jobs (``@step``, ``@remote``): what runs in such a job's process.

The engine imports this folder; the job runs ``invoke`` as a script, which imports nothing of the
engine.
"""
