"""Models: what is stored of one, and the container that answers for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.errors import StepFailure, taken
from sagemaker_local.names import Arns
from sagemaker_local.registry.packages import package_of
from sagemaker_local.storage import archive
from sagemaker_local.storage.bucket import Bucket, copy_files
from sagemaker_local.storage.store import Document, Store, now

MODEL = "model"


@dataclass(frozen=True)
class Container:
    """What a container would be started with.

    Attributes:
        data: the S3 URI of its artifacts.
        packed: are they an archive, or a prefix with the files themselves?
        environment: its variables.
        image: its image.
    """

    data: str
    packed: bool
    environment: dict[str, str]
    image: str = ""

    def unpack(self, bucket: Bucket, folder: Path) -> None:
        """Put the artifacts into a folder, as they are below ``/opt/ml/model``.

        Raises:
            LocalError: they are not there, or not an archive that is safe to unpack.
        """
        source = bucket.existing(self.data)
        if self.packed:
            archive.unpack(source, folder)
        else:
            copy_files(source, folder)


def create_model(store: Store, bucket: Bucket, arns: Arns, request: Document) -> Document:
    """Store a model; its artifacts, or the model package that it is made of, must be there.

    Raises:
        LocalError: an artifact or a package is missing, or the name is taken.
    """
    for container in containers_in(request):
        for part in _resolved(container, store):
            if part.get("ModelDataUrl"):
                bucket.existing(part["ModelDataUrl"])
    name = request["ModelName"]
    document = {
        **{key: value for key, value in request.items() if key != "Tags"},
        "ModelArn": arns.model(name),
        "CreationTime": now(),
    }
    if not store.add_resource(MODEL, name, document):
        raise taken("model", arns.model(name))
    return document


def containers_of(name: str, store: Store) -> list[Document]:
    """A model's containers; those of a model package that it is made of in the package's place.

    Raises:
        StepFailure: there is no such model.
        LocalError: the package that it is made of is not there any more.
    """
    model = store.resource(MODEL, name)
    if model is None:
        raise StepFailure(f"there is no model {name!r}; create it, in a Model step or before")
    return [part for container in containers_in(model) for part in _resolved(container, store)]


def serial_of(name: str, store: Store) -> list[Container]:
    """The containers that answer for a model in turn.

    Raises:
        StepFailure: there is no such model, it has no container, or one has no artifacts.
    """
    found = [_container(name, part) for part in containers_of(name, store)]
    if not found:
        raise StepFailure(f"the model {name!r} has no container")
    return found


def _container(name: str, part: Document) -> Container:
    source = part.get("ModelDataSource", {}).get("S3DataSource", {})
    data = part.get("ModelDataUrl") or source.get("S3Uri")
    if not data:
        raise StepFailure(f"the model {name!r} has no artifacts: its container has no ModelDataUrl")
    packed = source.get("CompressionType", "Gzip") == "Gzip"
    return Container(data, packed, part.get("Environment", {}), str(part.get("Image", "")))


def containers_in(model: Document) -> list[Document]:
    """The containers that a model, or a request for one, names."""
    return [*filter(None, [model.get("PrimaryContainer")]), *model.get("Containers", [])]


def _resolved(container: Document, store: Store) -> Iterator[Document]:
    """The container, or those of the model package that it names, with its own variables set."""
    if "ModelPackageName" not in container:
        yield container
        return
    package = package_of(store, container["ModelPackageName"])
    specification = package.get("InferenceSpecification", {})
    if wanted := container.get("InferenceSpecificationName"):
        others = package.get("AdditionalInferenceSpecifications", [])
        specification = next((o for o in others if o["Name"] == wanted), {})
    for part in specification.get("Containers", []):
        environment = {**part.get("Environment", {}), **container.get("Environment", {})}
        yield {**part, "Environment": environment}
