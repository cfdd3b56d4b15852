"""Models of a transform job: where they are from, and what their scripts may do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import SpawnRunner
from sagemaker_local.storage import archive

from engine.definitions import (
    IMAGE,
    OWN_IMAGE,
    ROLE,
    Json,
    definition,
    get,
    model,
    output_of,
    package_request,
    processing,
    transform,
)
from engine.local import Local
from engine.transforms import (
    CSV,
    ECHO,
    JSON,
    OUTPUT,
    SERVED,
    SUM,
    artifacts,
    container,
    created,
    failed,
    score,
    scored,
    succeeded,
)

TESTS = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_model_made_in_the_pipeline_scores_another_steps_output(local: Local) -> None:
    prepare = processing(
        "Prepare",
        local.code("import sys; open(sys.argv[1] + '/x.csv', 'w').write('4\\n')"),
        outputs=["test"],
        arguments=["/opt/ml/processing/output/test"],
    )
    made = model("Make", artifacts(local))
    made["Arguments"]["PrimaryContainer"]["Environment"] = SERVED
    name, test = get("Steps.Make.ModelName"), output_of("Prepare", "test")
    scores = transform("Score", name, test, OUTPUT, **CSV)
    after = processing(
        "After",
        local.code("import sys; print(open(sys.argv[1] + '/x.csv.out').read())"),
        inputs={"scores": get("Steps.Score.TransformOutput.S3OutputPath")},
        arguments=["/opt/ml/processing/input/scores"],
    )
    run = local.run(definition(after, scores, made, prepare))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "After").split() == ["40"]


@pytest.mark.slow
def test_a_model_of_an_earlier_process_scores(tmp_path: Path, source: Path) -> None:
    """Made by one process, used by another that has nothing but the root."""
    root = tmp_path / "root"
    program = """
import sys
from pathlib import Path
from sagemaker_local.processes.runner import SpawnRunner
from engine.local import Local
from engine.transforms import created
created(Local(Path(sys.argv[1]), SpawnRunner()), "earlier")
"""
    paths = os.pathsep.join(map(str, (source, TESTS)))
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", program, str(root)], env=environment, check=True)
    local = Local(root, SpawnRunner())
    local.put("2\n", "data/a.csv")
    run = local.run(definition(score("earlier", **CSV)))
    assert succeeded(local, run) == {"a.csv.out": "20\n"}


@pytest.mark.slow
def test_a_registered_model_package_scores(local: Local) -> None:
    request = package_request("group", artifacts(local))
    request["InferenceSpecification"]["Containers"][0]["Environment"] = SERVED
    arn = local.client.create_model_package(**request)["ModelPackageArn"]
    for number, name in enumerate((arn, "group/1")):
        local.client.create_model(
            ModelName=f"m{number}",
            ExecutionRoleArn=ROLE,
            Containers=[{"ModelPackageName": name}],
        )
        local.put("5\n", "data/a.csv")
        step = score(f"m{number}", **CSV)
        assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "50\n"}


def test_another_specification_of_a_package_scores(local: Local) -> None:
    other = SUM.replace("factor * sum", "2 * factor * sum")
    specification = {"Name": "double", "Containers": [container(local, other)]}
    request = package_request("group", artifacts(local))
    request["AdditionalInferenceSpecifications"] = [specification]
    arn = local.client.create_model_package(**request)["ModelPackageArn"]
    named = {"ModelPackageName": arn, "InferenceSpecificationName": "double"}
    local.client.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=named)
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "100\n"}


def test_a_model_of_a_package_that_is_not_there_is_refused(local: Local) -> None:
    with pytest.raises(ClientError, match="ModelPackage group/1 does not exist"):
        local.client.create_model(
            ModelName="m",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"ModelPackageName": "group/1"},
        )
    assert local.client.list_models()["Models"] == []


@pytest.mark.parametrize("compression", ["Gzip", "None"])
def test_a_models_data_source_is_read(local: Local, compression: str) -> None:
    packed = artifacts(local)
    uri = packed
    if compression == "None":
        folder = local.root / "unpacked"
        archive.unpack(local.bucket.existing(packed), folder)
        uri = "s3://sagemaker-local/code/unpacked/"
        local.bucket.upload(folder, uri)
    data = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": compression}
    local.client.create_model(
        ModelName="m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataSource": {"S3DataSource": data},
            "Environment": SERVED,
        },
    )
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "50\n"}


def test_the_script_may_be_an_archive_of_its_own(local: Local) -> None:
    folder = local.root / "own"
    folder.mkdir(parents=True)
    (folder / "serve.py").write_text(SUM)
    (folder / "requirements.txt").write_text("numpy")
    uri = local.bucket.uri("code/source/sourcedir.tar.gz")
    archive.pack(folder, local.bucket.path(uri))
    served = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": uri}
    created(local, "m", Environment=served)
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    run = local.run(definition(step))
    assert succeeded(local, run) == {"a.csv.out": "50\n"}
    assert "requirements.txt is not installed" in local.log(run, "Score")


def test_the_variables_are_the_models_then_the_jobs(local: Local) -> None:
    script = """
import json, os
def model_fn(model_dir):
    assert model_dir == os.environ["SM_MODEL_DIR"]
    assert os.listdir(model_dir) and os.path.dirname(model_dir) == os.getcwd()
def transform_fn(model, body, content_type, accept):
    return json.dumps(dict(os.environ))
"""
    model_variables = {**SERVED, "MODE": "model", "OWN": "model", "PLACE": "/opt/ml/model/x"}
    created(local, "m", script, Environment=model_variables)
    local.put("5\n", "data/a.csv")
    options = {"Environment": {"MODE": "job"}, "BatchStrategy": "SingleRecord"}
    step = score("m", options=options)
    found = json.loads(succeeded(local, local.run(definition(step)))["a.csv.out"])
    assert (found["MODE"], found["OWN"]) == ("job", "model")
    assert Path(found["PLACE"]).is_relative_to(local.root / "jobs")
    assert found["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"


@pytest.mark.slow
def test_the_script_finds_its_own_modules_and_none_of_the_engines(either: Local) -> None:
    script = """
import importlib.util, sys
import options, payloads, program, records, serving
names = ("job", "names", "session", "jsonpath", "answers", "in_order", "batch_transform")
found = [name for name in names if importlib.util.find_spec(name)]
assert not found, found

def model_fn(model_dir):
    return [options.OWN, payloads.OWN, program.OWN, records.OWN, serving.OWN]
def transform_fn(model, body, content_type, accept):
    return str(all(model))
"""
    own = dict.fromkeys(("options", "payloads", "program", "records", "serving"), "OWN = True")
    either.client.create_model(
        ModelName="m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": artifacts(either, script, **own),
            "Environment": SERVED,
        },
    )
    either.put("5\n", "data/a.csv")
    step = score("m")
    assert succeeded(either, either.run(definition(step))) == {"a.csv.out": "True"}


@pytest.mark.parametrize(
    ("returned", "written"),
    [("b'x'", "x"), ("bytearray(b'x')", "x"), ("('x', accept)", "x"), ("'ü'", "ü")],
)
def test_answers_may_be_text_bytes_or_come_with_their_type(
    local: Local, returned: str, written: str
) -> None:
    run = scored(local, {"a": "1"}, ECHO.replace("return body", f"return {returned}"))
    assert succeeded(local, run) == {"a.out": written}


def test_functions_that_ask_for_a_context_get_none(local: Local) -> None:
    script = """
def model_fn(model_dir, context): return context
def input_fn(body, content_type, context): return body, context
def predict_fn(data, model, context=1): return [*data, model, context]
def output_fn(prediction, accept): return str(prediction)
"""
    run = scored(local, {"a": "1"}, script, **JSON)
    assert succeeded(local, run) == {"a.out": "['1', None, None, 1]"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def predict_fn(rows, model): return rows", "inference.py has no model_fn; the one that"),
        (SUM + "def transform_fn(a, b, c, d): pass", "has transform_fn and input_fn, predict_fn"),
        ("import no_such_module", "inference.py: import failed: ModuleNotFoundError: No module"),
        (
            ECHO.replace("return None", "raise OSError('no file\\n  [bt] (8) ffi')"),
            "model_fn failed: OSError: no file (log",
        ),
        (ECHO.replace("return body", "return [1]"), "inference.py: it answers with list; output_"),
        (ECHO.replace("return body", "raise SystemExit"), "ended before it had answered for a"),
        (ECHO.replace("return body", "raise SystemExit(3)"), "exited with code 3"),
        (ECHO.replace("return body", "import os; os._exit(0)"), "ended before it had answered"),
    ],
)
def test_a_script_that_does_not_serve_says_why(local: Local, script: str, reason: str) -> None:
    assert reason in failed(local, scored(local, {"a": "1"}, script))


# Leaves all to the image but how the model is loaded.
PLAIN = """
class Sum:
    def predict(self, rows):
        assert rows.dtype == "float32"
        return rows.sum(axis=1)

def model_fn(model_dir):
    return Sum()
"""
NPY: Json = {
    "source": {"ContentType": "application/x-npy"},
    "target": {"Accept": "text/csv"},
}
SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"


def npy(rows: list[list[float]]) -> bytes:
    body = io.BytesIO()
    np.save(body, np.array(rows, "float32"))
    return body.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        ("1,2\n3,4.5\n", CSV, "3.0\n7.5\n"),
        ("[[1, 2], [3, 4.5]]", JSON, "[3.0, 7.5]"),
        (npy([[1, 2], [3, 4.5]]), NPY, "3.0\n7.5\n"),
    ],
)
def test_the_scikit_learn_image_has_what_a_script_leaves_out(
    local: Local, body: str | bytes, options: Json, expected: str
) -> None:
    name = created(local, "plain", PLAIN, Image=SCIKIT_LEARN)
    local.put(body, "data/a")
    assert succeeded(local, local.run(definition(score(name, **options)))) == {"a.out": expected}


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        (PLAIN, "input_fn"),
        (SUM.replace("def predict_fn", "def predict"), "predict_fn"),
        (SUM.replace("def output_fn", "def output"), "output_fn"),
    ],
)
def test_other_images_defaults_are_not_here(local: Local, script: str, missing: str) -> None:
    name = created(local, "plain", script, Image=OWN_IMAGE)
    local.put("1", "data/a")
    reason = failed(local, local.run(definition(score(name))))
    assert f"inference.py has no {missing}; the one that its container image falls back" in reason


ENDED = "the model's script ended before it had answered for a"


@pytest.mark.parametrize(
    ("concurrent", "end", "told"),
    [
        (1, "raise SystemExit", ENDED),
        (1, "import os; os._exit(0)", ENDED),
        (2, "raise SystemExit", ENDED),
        (2, "import os; os._exit(0)", "the model's script ended the process that it answered in"),
    ],
)
def test_a_script_that_ends_in_the_middle_of_a_file_leaves_no_part_of_it(
    local: Local, concurrent: int, end: str, told: str
) -> None:
    script = ECHO.replace("return body", f"if body == '3\\n': {end}\n    return body")
    options = {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": concurrent}
    run = scored(local, {"a": "1\n2\n3\n4\n"}, script, **CSV, options=options)
    assert told in failed(local, run)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (
            {"Environment": {}, "Image": OWN_IMAGE},
            "the model has no script, and what the image 'own:1.0' runs by itself needs Docker",
        ),
        ({"Environment": {**SERVED, "SAGEMAKER_PROGRAM": "x"}}, "script x.py is not in /opt/ml"),
        ({"ModelDataUrl": "s3://sagemaker-local/x/text.tar.gz"}, "text.tar.gz cannot be unpacked"),
    ],
)
def test_a_model_that_does_not_serve_says_why(local: Local, members: Json, reason: str) -> None:
    local.put("no archive", "x/text.tar.gz")
    created(local, "m", **members)
    local.put("1\n", "data/a.csv")
    step = score("m", **CSV)
    assert reason in failed(local, local.run(definition(step)))


# Answers as Flask's responses do, whose class may not be installed.
RESPONSE = """
class Response:
    mimetype = "text/csv"

    def __init__(self, body):
        self.status_code = 418 if body == "teapot" else 200
        self.get_data = body.encode

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return Response(body)
"""


@pytest.mark.parametrize(("body", "expected"), [("1,2\n", {"a.out": "1,2\n"}), ("teapot", None)])
def test_a_response_of_flask_is_an_answer_or_an_error(
    local: Local, body: str, expected: dict[str, str] | None
) -> None:
    run = scored(local, {"a": body}, RESPONSE, source={"ContentType": "text/csv"})
    if expected:
        assert succeeded(local, run) == expected
    else:
        assert "a: StatusError: teapot" in failed(local, run)


# Says what it was asked, and answers as a type of its own unless one is wanted.
LINK = """
import os
from pathlib import Path

def model_fn(model_dir):
    if os.environ["NAME"] == "none":
        raise RuntimeError("it has no name")
    Path("/opt/ml/output").mkdir(exist_ok=True)
    return os.environ["NAME"]

def input_fn(body, content_type):
    if "bad" in str(body):
        raise ValueError(f"no {body} here")
    return body if isinstance(body, str) else body.decode(), content_type

def predict_fn(read, name):
    lines = read[0].splitlines()
    return "".join(f"{line} > {name} of {read[1]}" + chr(10) for line in lines)

def output_fn(text, accept):
    return text, "text/plain" if accept == "application/json" else accept
"""


def pipeline(local: Local, *names: str) -> None:
    made = [
        container(local, LINK, Environment={**SERVED, "NAME": name, "OMP_NUM_THREADS": "1"})
        for name in names
    ]
    local.client.create_model(ModelName="-".join(names), ExecutionRoleArn=ROLE, Containers=made)


@pytest.mark.slow
def test_containers_answer_in_turn_on_each_host(local: Local) -> None:
    """All scripts have one name, and none finds another's."""
    pipeline(local, "a", "b", "c")
    for key in ("one.csv", "two.csv"):
        local.put("1\n2\n", f"data/{key}")
    members = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    options = {"TransformResources": members, "MaxConcurrentTransforms": 2}
    step = score("a-b-c", **CSV, options=options)
    told = "".join(f"{n} > a of text/csv > b of text/plain > c of text/plain\n" for n in (1, 2))
    run = local.run(definition(step))
    assert succeeded(local, run) == {"one.csv.out": told, "two.csv.out": told}
    name = run.job("Score")["TransformJobName"]
    assert "serves at port" in local.root.joinpath(f"jobs/{name}/container-3/job.log").read_text()


@pytest.mark.slow
def test_a_container_that_fails_is_named(local: Local) -> None:
    pipeline(local, "a", "b")
    pipeline(local, "x", "none")
    local.put("1\n2\nbad\n", "data/a.csv")
    (told, early) = (
        failed(local, local.run(definition(score(m, **CSV)))) for m in ("a-b", "x-none")
    )
    assert "a.csv, record 3: container-1 answered 500: ValueError: no 1" in told
    assert "container-2: real_time.py exited with code 1: inference.py: model_fn failed" in early


def test_models_that_are_not_run_say_why(local: Local) -> None:
    local.put("1\n", "data/a.csv")
    models: dict[str, Json] = {
        "pair": {"Containers": [container(local), {"Image": IMAGE}]},
        "bare": {"PrimaryContainer": {"Image": IMAGE}},
    }
    for name, members in models.items():
        local.client.create_model(ModelName=name, ExecutionRoleArn=ROLE, **members)
    expected = {
        "pair": "the model 'pair' has no artifacts: its container has no ModelDataUrl",
        "bare": "the model 'bare' has no artifacts: its container has no ModelDataUrl",
        "none": "there is no model 'none'; create it, in a Model step or before",
    }
    for name, reason in expected.items():
        step = score(name, **CSV)
        assert reason in failed(local, local.run(definition(step)))
