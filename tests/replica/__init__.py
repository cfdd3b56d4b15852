"""SageMaker's XGBoost image, rebuilt from its pins, as far as a package index has what is in it."""
