"""What each kind of job's signature is made of, and that nothing in it gets lost."""

from __future__ import annotations

import copy
import io
import tarfile
from typing import Any

import pytest
from sagemaker_local.cache.signature import Signer
from sagemaker_local.errors import LocalError

from engine.definitions import IMAGE, Json, processing
from engine.local import Local
from engine.signatures import changed, parts

INFERENCE = "import fake_inference_library\n"


@pytest.fixture
def signer(local: Local) -> Signer:
    return Signer(local.bucket, local.store)


def processing_request(local: Local, **members: Any) -> Json:
    request = copy.deepcopy(processing("S", local.code("pass"))["Arguments"])
    return request | members


def test_inputs_of_one_name_do_not_hide_each_other(local: Local, signer: Signer) -> None:
    request = processing_request(local)
    twin = copy.deepcopy(request["ProcessingInputs"][0])
    for content in ("1", "2"):
        twin["S3Input"]["S3Uri"] = local.put(content, f"twin{content}/script.py")
        request["ProcessingInputs"] = [*request["ProcessingInputs"][:1], copy.deepcopy(twin)]
        if content == "1":
            first = copy.deepcopy(request)
    assert changed(signer, "Processing", first, request)


def test_metrics_of_one_name_do_not_hide_each_other(local: Local, signer: Signer) -> None:
    def request(regex: str) -> Json:
        metrics = [{"Name": "m", "Regex": regex}, {"Name": "m", "Regex": "b"}]
        algorithm = {"TrainingImage": IMAGE, "MetricDefinitions": metrics}
        return {"AlgorithmSpecification": algorithm, "InputDataConfig": []}

    assert changed(signer, "Training", request("a"), request("c"))


def test_an_entrypoint_in_other_parts_is_another(local: Local, signer: Signer) -> None:
    def request(*entrypoint: str) -> Json:
        application = {"ImageUri": IMAGE, "ContainerEntrypoint": list(entrypoint)}
        return processing_request(local, AppSpecification=application)

    one, two = request("python3", "a b.py"), request("python3", "a", "b.py")
    assert changed(signer, "Processing", one, two) == [
        "entrypoint was python3 'a b.py', is python3 a b.py"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["a", "b"], ["a", "c"], ["argument 1 was b, is c"]),
        (["--a", "b"], ["--a", "c"], ["argument --a was b, is c"]),
        (["--a=b", "c"], ["--a=b", "d"], ["argument 1 was c, is d"]),
        (["--a", "--b"], ["--a"], ["argument --b is gone"]),
        (["--a", "--b", "c"], ["--b", "c", "--a"], ["order of arguments was --a --b, is --b --a"]),
    ],
)
def test_arguments_are_told_by_their_name_or_their_place(
    local: Local, signer: Signer, before: list[str], after: list[str], told: list[str]
) -> None:
    def request(*arguments: str) -> Json:
        return dict(processing("S", local.code("pass"), arguments=arguments)["Arguments"])

    assert changed(signer, "Processing", request(*before), request(*after)) == told


@pytest.mark.slow
@pytest.mark.parametrize("folder", [1, 501])
def test_code_is_read_in_folders_of_any_size(
    local: Local, signer: Signer, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large folder is one digest, and what its scripts need counts all the same."""
    monkeypatch.setenv("FAKE_NAMED", "1")
    code = local.code("import os; os.environ['FAKE_NAMED']")
    for number in range(folder):
        local.put("", f"{code.removeprefix('s3://sagemaker-local/')}/{number}.txt")
    request = processing("S", code)["Arguments"]
    assert "variable FAKE_NAMED" in parts(signer, "Processing", request)


def test_scripts_in_archives_are_read(
    local: Local, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_NAMED", "1")
    monkeypatch.setenv("FAKE_LINKED", "1")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        text = b"print('FAKE_NAMED')"
        member = tarfile.TarInfo("./train.py")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "nowhere.py"
        tar.addfile(link)
    uri = local.put(packed.getvalue(), "code/sourcedir.tar.gz")
    request = processing_request(local)
    request["ProcessingInputs"][0]["S3Input"]["S3Uri"] = uri
    for _ in range(2):  # the second time from memory
        assert "variable FAKE_NAMED" in parts(signer, "Processing", request)


def test_where_a_script_finds_its_input_counts(local: Local, signer: Signer) -> None:
    request = processing_request(local)
    other = copy.deepcopy(request)
    other["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/processing/other"
    assert changed(signer, "Processing", request, other) == [
        "input code LocalPath was /opt/ml/processing/input/code, is /opt/ml/processing/other"
    ]


def training_request(local: Local, entry: str = "script.py", **members: Any) -> Json:
    channels = [
        {"ChannelName": name, "DataSource": {"S3DataSource": {"S3Uri": uri}}}
        for name, uri in local.channels("pass", entry).items()
    ]
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    return {"AlgorithmSpecification": algorithm, "InputDataConfig": channels, **members}


def test_the_sdks_driver_is_not_what_runs(
    local: Local, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content counts, what it imports does not."""
    monkeypatch.setenv("FAKE_DRIVERS", "1")
    request = training_request(local)
    drivers = request["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"]
    local.put("print('FAKE_DRIVERS')", f"{drivers.removeprefix('s3://sagemaker-local/')}/run.py")
    found = parts(signer, "Training", request)
    assert "channel sm_drivers: run.py" in found
    assert "variable FAKE_DRIVERS" not in found


def test_an_archive_that_hyperparameters_name_is_an_input(local: Local, signer: Signer) -> None:
    def request(uri: str) -> Json:
        names = {"sagemaker_submit_directory": f'"{uri}"', "sagemaker_program": '"train.py"'}
        return training_request(local, HyperParameters=names, InputDataConfig=[])

    first = request(local.put("1", "one/source"))
    assert changed(signer, "Training", first, request(local.put("1", "two/source"))) == []
    assert changed(signer, "Training", first, request(local.put("2", "three/source"))) == [
        "code: source changed"
    ]
    plain = request("/opt/ml/input/data/code")
    assert "hyperparameter sagemaker_submit_directory" in parts(signer, "Training", plain)


def test_where_outputs_go_and_what_they_run_on_does_not_count(local: Local, signer: Signer) -> None:
    other = training_request(
        local,
        OutputDataConfig={"S3OutputPath": "s3://elsewhere"},
        ResourceConfig={"InstanceType": "ml.p5.48xlarge"},
        RoleArn="another",
    )
    assert changed(signer, "Training", training_request(local), other) == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("CheckpointConfig", {"S3Uri": "s3://b/c"}),
        ("DebugHookConfig", {"S3OutputPath": "s3://b/c"}),
        ("DebugRuleConfigurations", [{"RuleConfigurationName": "r"}]),
        ("Environment", {"A": "b"}),
        ("HyperParameters", {"A": "b"}),
    ],
)
def test_members_that_the_service_compares_count(
    local: Local, signer: Signer, member: str, value: Any
) -> None:
    other = training_request(local, **{member: value})
    assert len(changed(signer, "Training", training_request(local), other)) == 1


@pytest.mark.parametrize(
    "members",
    [
        {"ContentType": "text/csv"},
        {"CompressionType": "Gzip"},
        {"InputMode": "FastFile"},
        {"RecordWrapperType": "RecordIO"},
    ],
)
def test_how_a_channel_is_read_counts(local: Local, signer: Signer, members: Json) -> None:
    other = training_request(local)
    other["InputDataConfig"][0] |= members
    told = [f"channel code {next(iter(members))} is new"]
    assert changed(signer, "Training", training_request(local), other) == told


def on(count: int, step_type: str, request: Json) -> Json:
    """A request whose jobs have so many hosts."""
    found = copy.deepcopy(request)
    if step_type == "Processing":
        found["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = count
    else:
        job = found.get("TrainingJobDefinition", found)
        job["ResourceConfig"] = {"InstanceType": "ml.m5.large", "InstanceCount": count}
    return found


REQUESTS = {
    "Processing": processing_request,
    "Training": training_request,
    "Tuning": lambda local: tuning_request(local),
}


@pytest.mark.parametrize("step_type", REQUESTS)
def test_another_number_of_hosts_is_another_job(
    local: Local, signer: Signer, step_type: str
) -> None:
    """Hosts share rows, so that what they make depends on how many they are."""
    request = REQUESTS[step_type](local)
    alone, two, three = (on(count, step_type, request) for count in (1, 2, 3))
    assert changed(signer, step_type, alone, two) == ["hosts is new"]
    assert changed(signer, step_type, two, three) == ["hosts was 2, is 3"]
    assert changed(signer, step_type, two, on(2, step_type, request)) == []


def test_the_script_that_a_tuning_job_runs_counts(local: Local, signer: Signer) -> None:
    told = ["source entry_script was script.py, is another.py"]
    other = tuning_request(local, "another.py")
    assert changed(signer, "Tuning", tuning_request(local), other) == told


def tuning_request(local: Local, entry: str = "script.py", **config: Any) -> Json:
    job = training_request(local, entry)
    job["StaticHyperParameters"] = {"eta": "1"}
    return {
        "HyperParameterTuningJobConfig": {"Strategy": "Random", **config},
        "TrainingJobDefinition": job,
    }


def test_a_tuning_job_depends_on_its_search_and_on_the_library_that_searches(
    local: Local, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tuning_request(local)
    assert changed(signer, "Tuning", plain, tuning_request(local, Strategy="Grid")) == [
        "tuning Strategy was Random, is Grid"
    ]
    first = parts(signer, "Tuning", plain)
    assert first["hyperparameter eta"] == "1"
    assert "channel code: script.py" in first
    optuna = pytest.importorskip("optuna")
    assert first["optuna"] == optuna.__version__
    monkeypatch.setattr(optuna, "__version__", "99")  # what is loaded, whatever is installed
    assert parts(signer, "Tuning", plain)["optuna"] == "99"


def transform_request(local: Local, **members: Any) -> Json:
    source = {"S3DataType": "S3Prefix", "S3Uri": local.put("1,2", "in/a.csv")}
    request = {
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://b/out", "Accept": "text/csv"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return request | members


def add_model(local: Local, name: str, content: str, mode: str = "SingleModel") -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content.encode()))
    uri = local.put(packed.getvalue(), f"models/{name}/model.tar.gz")
    container = {"Image": IMAGE, "ModelDataUrl": uri, "Mode": mode}
    local.client.create_model(ModelName=name, PrimaryContainer=container)


@pytest.mark.slow
def test_a_transform_depends_on_what_its_model_is_made_of_and_not_on_its_name(
    local: Local, signer: Signer
) -> None:
    add_model(local, "m", INFERENCE)
    add_model(local, "same", INFERENCE)
    add_model(local, "other", INFERENCE + "# other")
    add_model(local, "multi", INFERENCE, "MultiModel")
    plain = transform_request(local)
    for name, told in {
        "same": [],
        "other": ["model: model.tar.gz changed"],
        "multi": ["model Mode was SingleModel, is MultiModel"],
    }.items():
        assert changed(signer, "Transform", plain, plain | {"ModelName": name}) == told


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"BatchStrategy": "SingleRecord"}, ["BatchStrategy is new"]),
        ({"MaxPayloadInMB": 1}, ["MaxPayloadInMB is new"]),
        ({"Environment": {"A": "b"}}, ["Environment A is new"]),
        ({"DataProcessing": {"InputFilter": "$[1:]"}}, ["DataProcessing InputFilter is new"]),
        (
            {"TransformOutput": {"S3OutputPath": "s3://else", "Accept": "text/csv"}},
            [],
        ),
        (
            {"TransformOutput": {"S3OutputPath": "s3://b/out", "Accept": "application/jsonlines"}},
            ["output Accept was text/csv, is application/jsonlines"],
        ),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, []),
        ({"MaxConcurrentTransforms": 7}, []),
        (
            {"DataCaptureConfig": {"DestinationS3Uri": "s3://b/seen", "KmsKeyId": "key"}},
            ["capture DestinationS3Uri is new"],
        ),
    ],
)
def test_what_else_makes_a_transforms_output(
    local: Local, signer: Signer, members: Json, told: list[str]
) -> None:
    add_model(local, "m", INFERENCE)
    plain = transform_request(local)
    assert changed(signer, "Transform", plain, plain | members) == told


def test_a_transform_without_its_model_cannot_be_signed(local: Local, signer: Signer) -> None:
    with pytest.raises(LocalError, match="there is no model 'm'"):
        parts(signer, "Transform", transform_request(local))
