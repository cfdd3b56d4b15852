"""The sessions that the SageMaker Python SDK works with."""
