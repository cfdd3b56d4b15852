"""What a registered model was made of and by, as a new run of notebook 03 takes it."""

import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import paths, registry
from ..errors import ProjectError
from ..pipelines import contracts
from ..runs import lineage
from . import training_rows

# What a run was told to do besides training, and what is given anew.
ONCE = ("new_data", "split_dates", "split_date_column", "sample_rows", "start", "wait", "row_limit")


@dataclass(frozen=True)
class ChampionRun:
    """How a model came to be.

    Attributes:
        package: description of the model package.
        signature: of the model: its target, its problem type, its columns with their roles.
        parameters: of notebook 03, as they were given.
        data: URIs of what it was trained and tested on.
    """

    package: Mapping[str, Any]
    signature: Mapping[str, Any]
    parameters: Mapping[str, Any]
    data: list[str]

    @property
    def family(self) -> str:
        """Its model family, which is part of its group's name.

        Raises:
            ProjectError: there is no such family any more.
        """
        group, task = self.package["ModelPackageGroupName"], str(self.parameters.get("task", ""))
        for family in registry.known_families():
            if registry.group_name(family, task) == group:
                return family
        raise ProjectError(f"{group} is of no model family of runtime/models.py; retrain by hand")

    def again(self, train_uri: str, test_uri: str) -> dict[str, Any]:
        """Parameters of notebook 03 for the same training on other rows.

        Columns keep the roles that this model knows, so that both models see the same.
        """
        known = dict(self.parameters)
        kind = self.signature["problem_type"]
        contract, task, data = (str(known.get(n, "")) for n in ("contract", "task", "input_data"))
        agreed = contracts.find(contract, task, data, kind)
        kept = {name: value for name, value in known.items() if name not in ONCE}
        if known.get("validation") == "backtest":
            kept["split_date_column"] = known["split_date_column"]
        return kept | {
            "input_data": train_uri,
            "test_data": test_uri,
            "problem_type": kind,
            "target": self.signature["target"],
            "model_family": self.family,
            "split": "hash",
            "contract": _named(agreed) if agreed else contracts.NONE,
            **self.roles(),
        }

    def roles(self) -> dict[str, str]:
        """Column names by role, as the notebook's parameters have them."""
        columns = self.signature["columns"]
        return {
            role: ",".join(each["name"] for each in columns if each["role"] == role)
            for role in ("numeric", "categorical", "date")
        }


def of_package(session: Any, package: Mapping[str, Any]) -> ChampionRun:
    """How a registered model came to be.

    Args:
        session: local or managed.
        package: its description.

    Raises:
        ProjectError: it was registered without its lineage.
    """
    document = lineage.of_package(session, dict(package))
    parameters = dict(document["notebook_parameters"])
    data = [document["data_uri"]]
    if earlier := str(parameters.get("test_data", "")):  # of a retraining: they may train now
        data.append(earlier)
    return ChampionRun(package, _signature(session, package), parameters, data)


def _signature(session: Any, package: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        training_rows.fetch(session, registry.model_uri(dict(package)), Path(folder))
        with tarfile.open(Path(folder, "model.tar.gz")) as archive:
            found = archive.extractfile("signature.json")
            assert found is not None
            return dict(json.load(found))


def as_file(parameters: Mapping[str, Any], folder: Path) -> Path:
    """A file of parameters, as papermill's ``-f`` takes it: no value is taken for another type."""
    import yaml

    file = folder / "parameters.yaml"
    file.write_text(yaml.safe_dump(dict(parameters), allow_unicode=True), encoding="utf-8")
    return file


def _named(path: Path) -> str:
    """A file of the project as another copy of it has it, too."""
    inside = path.is_relative_to(paths.PROJECT)
    return path.relative_to(paths.PROJECT).as_posix() if inside else str(path)
