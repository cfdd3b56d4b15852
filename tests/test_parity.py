"""One prediction for one record: of this environment, the image's, both servers, and the router.

For each problem type and family, on raw records with a missing number and an unseen category.
"""

import importlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from model_server import Serving, answer, served
from projects import prepare, train
from replica.container import container

pytestmark = pytest.mark.slow

KINDS = ("regression", "binary_classification", "multiclass_classification")
PREDICT = """
import sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
for body in sys.stdin.buffer:
    records = inference.input_fn(body, "application/json")
    print(inference.output_fn(inference.predict_fn(records, model), "application/json")[0])
"""


@pytest.fixture(scope="module", params=KINDS)
def prepared(
    request: pytest.FixtureRequest,
    bake: Callable[..., Path],
    run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """A project of one problem type, and its preprocessed data."""
    project, folder = bake(problem_type=request.param), tmp_path_factory.mktemp(request.param)
    prepare(run, project, folder, rows=700)
    return project, folder


def numbers(body: bytes) -> list[float]:
    """Every number that is predicted: values, or the probability of each class."""
    found = json.loads(body)["predictions"]
    shares = [list(row.get("probabilities", {}).values()) for row in found]
    return [each for row in shares for each in row] or [row["prediction"] for row in found]


def predicted(python: Path | str, model: Path, bodies: list[bytes]) -> list[list[float]]:
    """What the artifact's own code says to each body, in an environment."""
    command = [str(python), "-c", PREDICT, str(model)]
    done = subprocess.run(command, input=b"\n".join(bodies), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [numbers(line) for line in done.stdout.splitlines()]


def by_the_image(image: Path, model: Path, ml: Path, bodies: list[bytes]) -> list[list[float]]:
    """What the image's own server, which is what a managed endpoint runs, answers to each body."""
    shutil.copytree(model, ml / "model")
    variables = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "PIP_NO_BUILD_ISOLATION": "0",
    }
    with container(image, ml) as endpoint, endpoint.serve(variables) as server:
        answers = [server.request("/invocations", body, "application/json") for body in bodies]
    assert {each.status for each in answers} == {200}
    return [numbers(each.body.encode()) for each in answers]


def routed(project: Path, server: Serving, family: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the router, as the Lambda has it, for which the server is all there is."""

    class Runtime:
        """Hands a request to the server, as SageMaker does."""

        def invoke_endpoint(self, Body: bytes, **_: Any) -> dict[str, Any]:
            status, said = answer(server.connection(), "POST", "/invocations", Body)
            assert status == 200
            return {"Body": io.BytesIO(said)}

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(project / "src" / "used_car_prices")
        door, messages = (importlib.import_module(f"router.{n}") for n in ("door", "messages"))
    asked = messages.Request("POST", {}, body)
    reply = door.Door({family: "one"}, Runtime()).answer(asked)
    return reply.status, reply.body.encode()


@pytest.mark.parametrize("family", ["xgboost", "linear"])
def test_predictions_agree(
    prepared: tuple[Path, Path], family: str, run: Run, containers: Path, tmp_path: Path
) -> None:
    project, data = prepared
    model = tmp_path / "model"
    train(run, project, data, model, f"--model_family={family}", "--num_round=40")
    lines = (data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines[:60]]
    rows[0] |= {"make": "never seen", "mileage_km": None}

    asked = (rows[:1], rows[:3], rows)  # by each way to read, and to walk or not
    bodies = [json.dumps({"instances": some}).encode() for some in asked]
    pythons = sys.executable, containers / "bin/python"
    answers = [predicted(each, model, bodies) for each in pythons]
    answers.append(by_the_image(containers, model, tmp_path / "ml", bodies))

    with served(Path(sys.executable), model, tmp_path) as server:
        for some, body, here, there, managed in zip(asked, bodies, *answers, strict=True):
            assert len(here) % len(some) == 0
            assert there == pytest.approx(here, rel=1e-6)
            assert managed == pytest.approx(here, rel=1e-6)
            status, said = answer(server.connection(), "POST", "/invocations", body)
            assert status == 200
            assert numbers(said) == pytest.approx(here, rel=1e-6)
            status, chosen = routed(project, server, family, body)
            assert status == 200
            assert numbers(chosen) == numbers(said), "to the bit"
