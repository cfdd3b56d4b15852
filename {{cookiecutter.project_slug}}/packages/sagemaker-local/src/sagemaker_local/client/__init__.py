"""The engine's answers in boto3's shapes: one file for each kind of resource."""
