"""The model registry: groups, and their packages with versions and an approval status."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_local.errors import LocalError
from sagemaker_local.names import Arns
from sagemaker_local.service_model import members
from sagemaker_local.storage.store import Document, Store, dump, load, now

GROUP = "model-package-group"
_STATUSES = ("Approved", "Rejected", "PendingManualApproval")
# What an update puts in the place of what was there.
_UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)
# Of these, what an update leaves out stays: a card's content, where its status changes.
_MERGED = ("ModelCard",)
_METADATA = "CustomerMetadataProperties"
_SPECIFICATIONS = "AdditionalInferenceSpecifications"


class NoSuchPackage(LocalError):
    """A group or a model package that the registry does not have."""


@dataclass(frozen=True)
class Registry:
    """Model package groups and packages of one store."""

    store: Store
    arns: Arns

    def create_group(self, name: str, description: str | None = None) -> Document | None:
        """A new group's document, or None if the name is taken."""
        document: Document = {
            "ModelPackageGroupName": name,
            "ModelPackageGroupArn": self.arns.model_package_group(name),
            "CreationTime": now(),
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
            "LastVersion": 0,
        }
        if description:
            document["ModelPackageGroupDescription"] = description
        return document if self.store.add_resource(GROUP, name, document) else None

    def group(self, name: str) -> Document:
        """A group's document.

        Raises:
            NoSuchPackage: there is none of this name.
        """
        document = self.store.resource(GROUP, name)
        if document is None:
            arn = self.arns.model_package_group(name)
            raise NoSuchPackage(f"ModelPackageGroup {arn} does not exist.")
        return document

    def register(self, request: Document) -> Document:
        """Add a package as the group's next version; the group is created if need be.

        Args:
            request: a CreateModelPackage request, resolved.

        Raises:
            LocalError: an approval status that does not exist.
        """
        name = request["ModelPackageGroupName"]
        status = request.get("ModelApprovalStatus", "PendingManualApproval")
        if status not in _STATUSES:
            raise LocalError(
                f"ModelApprovalStatus {status!r} is not one of {', '.join(_STATUSES)}."
            )
        described = members("DescribeModelPackageOutput")
        with self.store.transaction():
            self.create_group(name)
            version = self._next_version(name)
            self.store.update_resource(GROUP, name, self.group(name) | {"LastVersion": version})
            created = now()
            package = {
                **{key: value for key, value in request.items() if key in described},
                "ModelPackageName": name,
                "ModelPackageVersion": version,
                "ModelPackageArn": self.arns.model_package(name, version),
                "CreationTime": created,
                "LastModifiedTime": created,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
                "ModelApprovalStatus": status,
            }
            self._put(package)
        return package

    def package(self, arn_or_name: str) -> Document:
        """A package by its ARN, ``.../<group>/<version>``, or ``<group>/<version>``.

        Raises:
            NoSuchPackage: there is none.
        """
        return package_of(self.store, arn_or_name)

    def packages(self, group: str) -> list[Document]:
        """A group's packages, highest version first."""
        rows = self.store.rows(
            "SELECT document FROM model_packages WHERE package_group = ? ORDER BY version DESC",
            group,
        )
        return [load(row[0]) for row in rows]

    def update(self, arn: str, changes: Document) -> Document:
        """Change a package: its approval, metadata, life cycle, or what it says about itself.

        Args:
            arn: the package's.
            changes: an UpdateModelPackage request.

        Raises:
            NoSuchPackage: there is none.
        """
        with self.store.transaction():
            package = self.package(arn)
            package |= {key: changes[key] for key in _UPDATABLE if key in changes}
            for key in _MERGED:
                if key in changes:
                    package[key] = {**package.get(key, {}), **changes[key]}
            metadata = package.get(_METADATA, {}) | changes.get(_METADATA, {})
            for key in changes.get(f"{_METADATA}ToRemove", []):
                metadata.pop(key, None)
            package.pop(_METADATA, None)
            if metadata:  # the service has no empty ones
                package[_METADATA] = metadata
            added = changes.get(f"{_SPECIFICATIONS}ToAdd", [])
            if added:
                package[_SPECIFICATIONS] = package.get(_SPECIFICATIONS, []) + added
            package["LastModifiedTime"] = now()
            self._put(package)
        return package

    def delete(self, arn: str) -> None:
        """Delete a package; its version number is not given again."""
        group, version = _locate(arn)
        deleted = self.store.write(
            "DELETE FROM model_packages WHERE package_group = ? AND version = ?", group, version
        )
        if not deleted:
            raise NoSuchPackage(f"ModelPackage {arn} does not exist.")

    def _next_version(self, group: str) -> int:
        """The version that a new package of the group gets; use it inside a transaction.

        Versions of deleted packages are not given again: the group remembers the highest.
        """
        return int(self.group(group).get("LastVersion", 0)) + 1

    def _put(self, package: Document) -> None:
        self.store.write(
            "INSERT OR REPLACE INTO model_packages VALUES (?, ?, ?)",
            package["ModelPackageGroupName"],
            package["ModelPackageVersion"],
            dump(package),
        )


def package_of(store: Store, arn_or_name: str) -> Document:
    """A stored package by its ARN, ``.../<group>/<version>``, or ``<group>/<version>``.

    Raises:
        NoSuchPackage: there is none.
    """
    group, version = _locate(arn_or_name)
    rows = store.rows(
        "SELECT document FROM model_packages WHERE package_group = ? AND version = ?",
        group,
        version,
    )
    if not rows:
        raise NoSuchPackage(f"ModelPackage {arn_or_name} does not exist.")
    return load(rows[0][0])


def _locate(arn_or_name: str) -> tuple[str, int]:
    *_, group, version = ("", *arn_or_name.rsplit("/", 2))
    if not version.isdigit():
        raise NoSuchPackage(
            "A model package is named by its ARN, which ends in <group>/<version>; "
            f"ModelPackage {arn_or_name} does not exist."
        )
    return group.rsplit(":", 1)[-1], int(version)
