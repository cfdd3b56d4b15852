"""Rules about the tags of whatever a step makes; what their letters may be, the model states."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.planning.rules.rule import Arguments, RequestRule, repeated

_TAGGED = (
    *("Processing", "Training", "Tuning", "Transform", "Model", "RegisterModel"),
    *("EndpointConfig", "Endpoint", "AddTags"),
)


def _keys(arguments: Arguments) -> list[str]:
    keys = [tag["Key"] for tag in arguments.get("Tags") or ()]
    return [key for key in keys if isinstance(key, str)]


def _of_aws(arguments: Arguments) -> Iterator[str]:
    for key in _keys(arguments):
        if key.lower().startswith("aws:"):
            yield f"Tags has the key {key!r}, and keys that begin with aws: are AWS's own"


def _twice(arguments: Arguments) -> Iterator[str]:
    for key, count in repeated(_keys(arguments)):
        yield f"Tags has the key {key!r} {count} times, and a key is there once"


RULES = (
    RequestRule(
        "No tag begins with aws:", "API reference, Tag; Tagging AWS resources", _TAGGED, _of_aws
    ),
    RequestRule("A tag's key is there once", "API reference, Tag", _TAGGED, _twice),
)
