"""Stand-ins for packages of SageMaker's images: as scripts of AWS's samples use them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sagemaker_local.algorithms
import xgboost

_FOLDER = Path(sagemaker_local.algorithms.__file__).with_name("stand_ins")
_PACKAGES = (
    "sagemaker_containers",
    "sagemaker_inference",
    "sagemaker_xgboost_container",
    "sagemaker_algorithms",
)


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process finds them, and forgets them."""
    for folder in ("toolkit", "inference", "xgboost"):
        monkeypatch.syspath_prepend(str(_FOLDER / folder))
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] in _PACKAGES]:
        del sys.modules[name]


def framework() -> Any:
    return importlib.import_module("sagemaker_containers.beta.framework")


def test_arrays_are_encoded_and_decoded_as_by_the_toolkit() -> None:
    encoders, kinds = framework().encoders, framework().content_types
    rows = np.array([[1.5, 2], [3, 4]], dtype="float32")
    assert encoders.encode(rows, kinds.CSV) == "1.5,2.0\n3.0,4.0\n"
    assert encoders.encode([0.5, 1], kinds.CSV) == "0.5\n1.0\n"
    assert (
        encoders.encode({"instances": rows}, kinds.JSON)
        == '{"instances": [[1.5, 2.0], [3.0, 4.0]]}'
    )
    for kind in (kinds.CSV, kinds.JSON, kinds.NPY):
        assert np.array_equal(encoders.decode(encoders.encode(rows, kind), kind), rows)
    with pytest.raises(framework().errors.UnsupportedFormatError, match="Content type x/y is not"):
        encoders.encode(rows, "x/y")


def test_the_inference_toolkit_encodes_and_decodes_too() -> None:
    encode = importlib.import_module("sagemaker_inference.encoder").encode
    decode = importlib.import_module("sagemaker_inference.decoder").decode
    rows = np.array([[1.5, 2], [3, 4]])
    assert encode(rows, "text/csv") == "1.5,2.0\n3.0,4.0\n"
    for kind in ("text/csv", "application/json", "application/x-npy"):
        assert np.array_equal(decode(encode(rows, kind), kind), rows)
    with pytest.raises(ImportError, match="install sagemaker-inference if the script needs it"):
        exec("from sagemaker_inference import default_inference_handler")


def test_a_response_is_a_body_and_its_type() -> None:
    response = framework().worker.Response
    assert response("1,2", "text/csv", mimetype="text/csv") == ("1,2", "text/csv")
    assert response("[]") == ("[]", "application/json")
    with pytest.raises(ValueError, match="raise an error instead"):
        response("no", status=400)


def test_what_is_not_there_is_named() -> None:
    assert framework().transformer, "scripts import it, and never use it"
    with pytest.raises(ImportError, match=r"framework\.env\.TrainingEnv is in SageMaker's images"):
        framework().env.TrainingEnv()
    with pytest.raises(ImportError, match="training_env is in SageMaker's images and not here"):
        exec("from sagemaker_containers import training_env")
    with pytest.raises(
        ImportError, match=r"sagemaker_xgboost_container\.callback is in SageMaker's"
    ):
        exec("from sagemaker_xgboost_container import callback")


def test_requests_and_channels_are_matrices(tmp_path: Path) -> None:
    encoder = importlib.import_module("sagemaker_xgboost_container.encoder")
    assert encoder.decode("1,2\n3,\n", "text/csv; charset=utf-8").num_row() == 2
    assert encoder.decode(b"0:1 2:5", "text/libsvm").num_col() == 3
    with pytest.raises(ValueError, match="Content type application/json is not supported"):
        encoder.decode("[]", "application/json")
    data = importlib.import_module("sagemaker_xgboost_container.data_utils")
    assert data.get_dmatrix(str(tmp_path), "csv") is None
    assert data.get_size(str(tmp_path)) == 0
    file = tmp_path / "rows.libsvm"
    file.write_text("3 0:1 1:2\n4 1:5\n")
    for path in (tmp_path, file):
        rows = data.get_dmatrix(str(path), "libsvm")
        assert isinstance(rows, xgboost.DMatrix)
        assert rows.get_label().tolist() == [3, 4]
    assert data.get_size(str(tmp_path)) == file.stat().st_size
