"""Training jobs of algorithms, run in the test's own process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class AlgorithmJob:
    """The folder of a job.

    Attributes:
        ml: stands for ``/opt/ml``.
    """

    ml: Path

    @property
    def model(self) -> Path:
        return self.ml / "model"

    @property
    def failure(self) -> str:
        return (self.ml / "output/failure").read_text(encoding="utf-8")


Begin = Callable[..., AlgorithmJob]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Makes a job's folder, and tells the process of it as the engine tells a program."""

    def made(
        settings: Mapping[str, str], kind: str | None, **channels: Mapping[str, str | bytes]
    ) -> AlgorithmJob:
        ml = tmp_path / "ml"
        for folder in ("input/config", "model", "output/data"):
            (ml / folder).mkdir(parents=True, exist_ok=True)
        for name, files in channels.items():
            (ml / "input/data" / name).mkdir(parents=True, exist_ok=True)
            monkeypatch.setenv(f"SM_CHANNEL_{name.upper()}", str(ml / "input/data" / name))
            for path, text in files.items():
                file = ml / "input/data" / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode() if isinstance(text, str) else text)
        config = {
            "hyperparameters": dict(settings),
            "inputdataconfig": {name: {"ContentType": kind or ""} for name in channels},
        }
        for name, document in config.items():
            file = ml / "input/config" / f"{name}.json"
            file.write_text(json.dumps(document), encoding="utf-8")
        places = {
            "SM_INPUT_CONFIG_DIR": "input/config",
            "SM_MODEL_DIR": "model",
            "SM_OUTPUT_DIR": "output",
            "SM_OUTPUT_DATA_DIR": "output/data",
        }
        for variable, place in places.items():
            monkeypatch.setenv(variable, str(ml / place))
        return AlgorithmJob(ml)

    return made
