"""Autoscaling of an endpoint: SageMaker adds and removes machines, by the requests of each."""

from typing import Any

POLICY = "invocations-per-instance"
METRIC = "SageMakerVariantInvocationsPerInstance"
OUT_SECONDS, IN_SECONDS = 60, 300  # between two changes: quick to add a machine, slow to take one
SCALABLE = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def scale(
    client: Any, name: str, variant: str, minimum: int, maximum: int, invocations: int
) -> str:
    """Register target tracking for a variant of an endpoint; see ``open_session``.

    Args:
        client: ``boto3.client("application-autoscaling")``.
        name: of the endpoint.
        variant: of it.
        minimum: machines at least.
        maximum: at most; no more than the least: what was registered before is taken away.
        invocations: a minute, of each machine: what the number of machines follows.

    Returns:
        A sentence on what was done.
    """
    resource = f"endpoint/{name}/variant/{variant}"
    if maximum <= minimum:
        return _leave(client, resource)
    client.register_scalable_target(
        ResourceId=resource, MinCapacity=minimum, MaxCapacity=maximum, **SCALABLE
    )
    client.put_scaling_policy(
        PolicyName=POLICY,
        PolicyType="TargetTrackingScaling",
        ResourceId=resource,
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(invocations),
            "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
            "ScaleOutCooldown": OUT_SECONDS,
            "ScaleInCooldown": IN_SECONDS,
        },
        **SCALABLE,
    )
    return (
        f"{resource} has {minimum} to {maximum} machines, "
        f"as many as {invocations:,} invocations a minute of each need."
    )


def _leave(client: Any, resource: str) -> str:
    found = client.describe_scalable_targets(
        ServiceNamespace=SCALABLE["ServiceNamespace"], ResourceIds=[resource]
    )["ScalableTargets"]
    if found:  # its policy, and the policy's alarms, go with it
        client.deregister_scalable_target(ResourceId=resource, **SCALABLE)
    return f"{resource} keeps its number of machines."
