"""Versions of a pipeline: each change of its definition makes one.

The newest version is in the pipeline's own document, under ``VERSION``; each older one is a
resource of its own with the definition that it had. A pipeline that an earlier engine stored has no
such member, and what it is counts as version 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sagemaker_local.errors import LocalError, NotFoundError
from sagemaker_local.storage.store import Document, Store, load, members_of, now

PIPELINE = "pipeline"
OLD_VERSION = "pipeline version"
# The member of a stored pipeline that its Describe response does not have.
VERSION = "Version"
# What a version may be called; a change of the pipeline's definition leaves it behind.
CALLED = ("PipelineVersionDisplayName", "PipelineVersionDescription")
_ALIASES = "PipelineVersionAliases"
_MOST_ALIASES = 10


@dataclass(frozen=True)
class PipelineVersions:
    """The versions of one state's pipelines. A version is a document: ``PipelineVersionId``,
    ``CreationTime``, its aliases and names, and its ``PipelineDefinition``."""

    store: Store

    def all(self, pipeline: Document) -> list[Document]:
        """Newest first."""
        rows = self.store.rows(
            "SELECT document FROM resources WHERE kind = ? AND name GLOB ?",
            OLD_VERSION,
            f"{pipeline['PipelineName']}/*",
        )
        old = [load(text) for (text,) in rows]
        old.sort(key=_number, reverse=True)
        return [_newest(pipeline), *old]

    def wanted(self, pipeline: Document, request: Document) -> Document:
        """The version that a request names by its id or an alias; else the newest.

        Raises:
            LocalError: it names both.
            NotFoundError: there is no such version.
        """
        number, alias = request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
        if number is not None and alias is not None:
            raise LocalError("A request has PipelineVersionId or PipelineVersionAlias, not both.")
        if alias is None:
            found = self.numbered(pipeline, number)
        else:
            having = (each for each in self.all(pipeline) if alias in each.get(_ALIASES, ()))
            found = next(having, None)
        if found is None:
            sought = f"version {number}" if alias is None else f"version with the alias {alias!r}"
            raise NotFoundError(f"Pipeline '{pipeline['PipelineName']}' has no {sought}.")
        return found

    def numbered(self, pipeline: Document, number: int | None = None) -> Document | None:
        """The version of this id, or the newest; None if there is none."""
        newest = _newest(pipeline)
        if number in (None, _number(newest)):
            return newest
        return self.store.resource(OLD_VERSION, f"{pipeline['PipelineName']}/{number}")

    def have_aliases(self, name: str, number: int) -> bool:
        """May this version of a pipeline have aliases? Whoever waits for an execution asks at each
        look, so it is an index that answers: a definition can be large."""
        return bool(
            self.store.rows(
                "SELECT 1 FROM resources INDEXED BY resources_with_aliases "
                "WHERE kind IN (?, ?) AND name IN (?, ?) "
                "AND instr(document, '\"PipelineVersionAliases\"')",
                *(PIPELINE, OLD_VERSION, name, f"{name}/{number}"),
            )
        )

    def first(self, request: Document) -> Document:
        """The document of a new pipeline's first version, with the aliases of its request."""
        return {"PipelineVersionId": 1, "CreationTime": now(), **self._assigned([], request)}

    def advance(self, pipeline: Document, definition: str, request: Document) -> Document:
        """The changes of a pipeline's document that give it a definition.

        A definition that is another one makes a new version, with the aliases of the request, and
        the old one is kept.

        Raises:
            LocalError: the request has aliases that cannot be.
        """
        if definition == pipeline["PipelineDefinition"]:
            self.refuse_aliases(request)
            return {}
        old = _newest(pipeline)
        number = _number(old) + 1
        aliases = self._assigned(self.all(pipeline), request)
        name = pipeline["PipelineName"]
        document = {**old, "PipelineName": name, "SupersededTime": now()}
        self.store.add_resource(OLD_VERSION, f"{name}/{_number(old)}", document)
        version = {"PipelineVersionId": number, "CreationTime": now(), **aliases}
        return {"PipelineDefinition": definition, VERSION: version}

    def refuse_aliases(self, request: Document) -> None:
        """Refuse the aliases of an update that makes no version."""
        if request.get(_ALIASES):
            raise LocalError(
                "PipelineVersionAliases are for a new version, which only a changed definition "
                "makes; give an alias to a version that is there with update_pipeline_version."
            )

    def change(self, pipeline: Document, request: Document) -> None:
        """Change the names and aliases of the version that a request names by its id."""
        version = self.wanted(pipeline, request)
        operations = request.get("PipelineVersionAliasOperations", {})
        removed = set(operations.get("Remove", ()))
        kept = [alias for alias in version.get(_ALIASES, ()) if alias not in removed]
        others = [each for each in self.all(pipeline) if _number(each) != _number(version)]
        added = {_ALIASES: [alias for alias in operations.get("Add", ()) if alias not in kept]}
        assigned = self._assigned([*others], added)
        changed = version | members_of(request, CALLED)
        changed[_ALIASES] = [*kept, *assigned.get(_ALIASES, [])]
        _refuse_too_many(changed[_ALIASES])
        self._put(pipeline, changed)

    def delete_of(self, name: str) -> None:
        """Forget the old versions of a pipeline."""
        self.store.write(
            "DELETE FROM resources WHERE kind = ? AND name GLOB ?", OLD_VERSION, f"{name}/*"
        )

    def forgettable(self, before: datetime, busy: Collection[str]) -> list[str]:
        """Names of the old versions without an alias that another one replaced before a moment.

        Args:
            before: has a zone.
            busy: pipelines of which all stays.
        """
        found = []
        for version in self.store.resources(OLD_VERSION):
            stays = version["PipelineName"] in busy or version.get(_ALIASES)
            if version["SupersededTime"] < before and not stays:
                found.append(f"{version['PipelineName']}/{_number(version)}")
        return found

    def forget(self, names: Iterable[str]) -> None:
        """Delete old versions by the names that ``forgettable`` gives."""
        for name in names:
            self.store.delete_resource(OLD_VERSION, name)

    def _put(self, pipeline: Document, version: Document) -> None:
        name = pipeline["PipelineName"]
        if _number(version) == _number(_newest(pipeline)):
            own = {key: value for key, value in version.items() if key != "PipelineDefinition"}
            self.store.update_resource(PIPELINE, name, {**pipeline, VERSION: own})
        else:
            self.store.update_resource(OLD_VERSION, f"{name}/{_number(version)}", version)

    def _assigned(self, others: list[Document], request: Document) -> Document:
        """The member of a version that gets the aliases of a request.

        Raises:
            LocalError: one of them is a number, or another version's.
        """
        aliases = list(dict.fromkeys(request.get(_ALIASES, ())))
        _refuse_too_many(aliases)
        for alias in aliases:
            if alias.isdigit():
                raise LocalError(f"The alias {alias!r} consists of digits only, as ids do.")
            for other in others:
                if alias in other.get(_ALIASES, ()):
                    raise LocalError(
                        f"The alias {alias!r} is version {_number(other)}'s; remove it there "
                        "first, with update_pipeline_version."
                    )
        return {_ALIASES: aliases} if aliases else {}


def summary(version: Document) -> Document:
    """What Describe responses and lists say of a version besides its id, time and definition."""
    named = members_of(version, CALLED)
    return {**named, _ALIASES: version[_ALIASES]} if version.get(_ALIASES) else named


def _newest(pipeline: Document) -> Document:
    first = {"PipelineVersionId": 1, "CreationTime": pipeline["CreationTime"]}
    own = pipeline.get(VERSION, first)
    return {**own, "PipelineDefinition": pipeline["PipelineDefinition"]}


def _number(version: Document) -> int:
    return int(version["PipelineVersionId"])


def _refuse_too_many(aliases: list[str]) -> None:
    if len(aliases) > _MOST_ALIASES:
        raise LocalError(f"A version has at most {_MOST_ALIASES} aliases, not {len(aliases)}.")
