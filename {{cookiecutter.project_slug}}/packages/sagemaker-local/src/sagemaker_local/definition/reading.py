"""Members of the objects in a definition: one that is not of its type is refused, and left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.values import told
from sagemaker_local.errors import Refusal

# Texts that the list of steps shows, and the most characters of its members.
_SHOWN = {"DisplayName": 256, "Description": 3072}


class Reading:
    """Collects refusals on the way, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def refuse(self, where: str, what: str) -> None:
        """Note why something cannot run."""
        self.refusals.append(Refusal(where, what))

    def list_of(self, where: str, item: dict[str, Any], key: str) -> list[Any]:
        """The list at ``key``; empty if it is absent, or no list."""
        value = item.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self._refuse_type(where, key, "a list", value)
        return []

    def object_of(self, where: str, item: dict[str, Any], key: str) -> dict[str, Any] | None:
        """The object at ``key``; None if it is absent, or no object."""
        value = item.get(key)
        if value is None or isinstance(value, dict):
            return value
        self._refuse_type(where, key, "an object", value)
        return None

    def text_of(self, where: str, item: dict[str, Any], key: str) -> str | None:
        """The text at ``key``; None if it is absent, or none that is shown."""
        value, most = item.get(key), _SHOWN[key]
        if value is not None and not isinstance(value, str):
            self._refuse_type(where, key, "a string", value)
            return None
        if value is not None and len(value) > most:
            what = f"{key} has {len(value)} characters, and the service takes at most {most}"
            self.refuse(where, what)
        return value

    def named(self, noun: str, items: list[Any]) -> Iterator[dict[str, Any]]:
        """Those of the items that are objects with a name; ``noun`` is what they are."""
        for item in items:
            if not isinstance(item, dict):
                self.refuse("", f"a {noun} should be an object, and is {told(item)}")
            elif "Name" not in item:
                self.refuse("", f"a {noun} without a name: {told(item)}")
            elif not isinstance(item["Name"], str):
                self._refuse_type("", f"the Name of a {noun}", "a string", item["Name"])
            else:
                yield item

    def _refuse_type(self, where: str, key: str, wanted: str, value: Any) -> None:
        self.refuse(where, f"{key} should be {wanted}, and is {told(value)}")
