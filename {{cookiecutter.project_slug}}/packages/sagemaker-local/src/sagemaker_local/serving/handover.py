"""What one container of an inference pipeline is told by the one before it.

"Inference pipelines in Amazon SageMaker AI" in the Developer Guide: a sequence of HTTP requests, of
which the client gets the last answer. What it wants accepted is told the last container alone;
those before answer as their variables say (``SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT``), or else with
JSON: "The default accept/content-type between containers for serial inference is JSON"
(aws/amazon-sagemaker-examples, sklearn_abalone_featurizer.py, which answers with its type so "the
next container can read the response payload correctly").
"""

from __future__ import annotations

from collections.abc import Mapping

ACCEPT, TYPE = "Accept", "Content-Type"


def headers(asked: Mapping[str, str], is_last: bool, answered: str | None = None) -> dict[str, str]:
    """The headers of a request to a container.

    Args:
        asked: those of the client's request.
        is_last: is there no container after it?
        answered: the type of what the container before it answered; None: it is the first.
    """
    told = {name: value for name, value in asked.items() if is_last or name != ACCEPT}
    return told if answered is None else {**told, TYPE: answered}
