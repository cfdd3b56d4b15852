"""Artifacts: which are opened, and how they predict."""

import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tabular import artifact
from tabular.values import DataError

TASK = {"problem_type": "regression", "target": "price"}


@pytest.mark.parametrize(
    ("key", "other"), [("problem_type", "binary_classification"), ("target", "rent")]
)
def test_a_model_of_another_task_is_refused(tmp_path: Path, key: str, other: str) -> None:
    (tmp_path / "signature.json").write_text(json.dumps({**TASK, key: other}), encoding="utf-8")
    name = key.replace("_", " ")
    with (
        pytest.raises(DataError, match=f"^the champion's {name} is '{other}', but this data's is"),
        artifact.opened("champion", tmp_path, TASK),
    ):
        pytest.fail("it was opened")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("filtered", [True, False])
def test_an_archive_holds_plain_files_only(
    tmp_path: Path, kind: bytes, filtered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not this Python's tarfile refuses others itself."""
    if not filtered:
        monkeypatch.setattr(artifact, "FILTER", {})
    (tmp_path / "model").mkdir()
    with tarfile.open(tmp_path / "model" / "model.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("signature.json"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = kind, "signature.json"
        archive.addfile(link)
    with pytest.raises(DataError, match="'link' is no plain file below the artifact's folder"):
        artifact.extract(tmp_path / "model", tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists()


def of(folder: Path, **functions: Any) -> artifact.Artifact:
    """A champion whose inference code has these functions."""
    code, inference = artifact.Code(folder), SimpleNamespace(**functions)
    return artifact.Artifact("champion", folder, TASK, code, inference, "model")


def answer(records: list[Any], model: Any) -> list[Any]:
    return [{"prediction": model}] * len(records)


def refuse(records: list[Any], model: Any) -> list[Any]:
    raise ValueError("the data contract is broken")


def test_a_champion_predicts_rows_that_its_own_contract_refuses(tmp_path: Path) -> None:
    """`predict_fn` holds requests to the contract of its time; `predict` asks for none."""
    champion = of(tmp_path, predict=answer, predict_fn=refuse)
    assert champion.predict([{}, {}]) == [{"prediction": "model"}] * 2


def test_an_older_champion_has_one_way_to_predict(tmp_path: Path) -> None:
    assert of(tmp_path, predict_fn=answer).predict([{}]) == [{"prediction": "model"}]
    with pytest.raises(DataError, match="the champion cannot score this data: the data contract"):
        of(tmp_path, predict_fn=refuse).predict([{}])
