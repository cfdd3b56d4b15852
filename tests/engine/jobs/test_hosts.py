"""Jobs of several hosts: each is a process with the service's files, variables and names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import hosts_of
from sagemaker_local.planning.plan import plan
from sagemaker_local.processes.forkserver import hostnames

from engine.definitions import (
    OUTPUT,
    OWN_IMAGE,
    Json,
    categorical,
    definition,
    get,
    parameter,
    processing,
    training,
    tuning,
    tuning_config,
)
from engine.local import Local, until
from engine.trainings import members
from engine.transforms import CSV, failed, scored, succeeded
from engine.tunings import children, value

PREFIX = "s3://sagemaker-local/data"
HOSTS = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
# What each of two hosts of a processing job finds, and writes under its own name.
LOOK = """
import json, socket, subprocess, sys
from pathlib import Path
root = Path(__file__).parents[3]
resources = json.loads((root / "config" / "resourceconfig.json").read_text())
host = resources["current_host"]
below = root / "processing" / "input"
names = {n: sorted(p.relative_to(below / n).as_posix() for p in (below / n).rglob("*.csv"))
         for n in ("sharded", "whole")}
program = "import socket; print(socket.gethostbyname('algo-2'), socket.gethostname())"
found = {"resources": resources, **names}
if len(resources["hosts"]) > 1:
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    found |= {"child": child.stdout.split(), "algo-1": socket.gethostbyname("algo-1"),
              "own": socket.getaddrinfo(host, 80)[0][4][0]}
Path(sys.argv[1], f"{host}.json").write_text(json.dumps(found))
Path(sys.argv[1], "same.txt").write_text(sys.argv[2] if len(sys.argv) > 2 else host)
print(f"I am {host}")
"""


def on(count: Any, step: Json) -> Json:
    """A step whose job has so many hosts."""
    request = step["Arguments"]
    places = {
        "Processing": lambda: request["ProcessingResources"]["ClusterConfig"],
        "Training": lambda: request["ResourceConfig"],
        "Transform": lambda: request["TransformResources"],
    }
    places[step["Type"]]()["InstanceCount"] = count
    return step


def sharded(step: Json, name: str) -> Json:
    """A step one of whose inputs is shared out."""
    for item in step["Arguments"]["ProcessingInputs"]:
        if item["InputName"] == name:
            item["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"
    return step


def looking(local: Local, count: Any = 2, files: int = 3) -> Json:
    for number in range(files):
        local.put(str(number), f"data/deep/{number}.csv")
    step = processing(
        "Look",
        local.code(LOOK),
        inputs={"sharded": PREFIX, "whole": PREFIX},
        outputs={"out": "s3://sagemaker-local/found"},
        arguments=[f"{OUTPUT}/out"],
    )
    return sharded(on(count, step), "sharded")


def found(local: Local, host: str) -> Json:
    document: Json = json.loads(local.read(f"s3://sagemaker-local/found/{host}.json"))
    return document


def test_names_are_the_services_and_sorted_as_it_sorts_them(local: Local) -> None:
    hosts = hosts_of(JobFolder(local.root), 11)
    assert [host.name for host in hosts] == [f"algo-{number}" for number in range(1, 12)]
    assert hosts[0].names[:3] == ("algo-1", "algo-10", "algo-11")
    assert (hosts[9].rank, hosts[1].rank) == (1, 3)


@pytest.mark.slow
def test_each_host_of_a_processing_job_is_a_process(either: Local) -> None:
    run = either.run(definition(looking(either)))
    assert run.status == "Succeeded", run.steps
    first, second = found(either, "algo-1"), found(either, "algo-2")
    for name, host in (("algo-1", first), ("algo-2", second)):
        assert host["resources"]["current_host"] == name
        assert host["resources"]["hosts"] == ["algo-1", "algo-2"]
        assert host["whole"] == [f"deep/{number}.csv" for number in range(3)]
    assert (first["sharded"], second["sharded"]) == (["deep/0.csv", "deep/2.csv"], ["deep/1.csv"])
    assert first["child"] == [second["own"], "algo-1"], "programs that a host starts find them too"
    assert second["algo-1"] == first["own"] != second["own"]


@pytest.mark.slow
def test_a_count_may_be_a_parameter_and_one_host_is_as_ever(local: Local) -> None:
    count = parameter("Count", "Integer", 1)
    step = looking(local, get("Parameters.Count"), files=2)
    run = local.run(definition(step, parameters=[count]))
    assert run.status == "Succeeded", run.steps
    assert found(local, "algo-1")["sharded"] == ["deep/0.csv", "deep/1.csv"]
    assert not list(local.root.glob("jobs/*/algo-*"))
    again = local.run(definition(step, parameters=[count]), {"Count": "2"})
    assert again.status == "Succeeded", again.steps
    assert found(local, "algo-2")["sharded"] == ["deep/1.csv"]


@pytest.mark.slow
def test_what_two_hosts_write_under_one_name_is_the_last_ones(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    run = local.run(definition(looking(local)))
    assert local.read("s3://sagemaker-local/found/same.txt") == "algo-2"
    told = "algo-1 and algo-2 have each written same.txt, and differently; that of algo-2 is kept"
    assert told in capsys.readouterr().err
    assert told in local.log(run, "Look")
    step = looking(local)
    step["Arguments"]["AppSpecification"]["ContainerArguments"].append("equal")
    local.run(definition(step))
    assert "differently" not in capsys.readouterr().err, "equal files do no harm"


@pytest.mark.slow
def test_fewer_objects_than_hosts_is_said_before_the_first_step(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    step = looking(local, 3, files=1)
    told = f"input 'sharded': 1 object at {PREFIX} for 3 hosts, of which 2 will have nothing to do"
    assert told in str(plan(definition(step), {}, bucket=local.bucket))
    run = local.run(definition(step))
    assert run.status == "Succeeded", "as on the service"
    assert told in capsys.readouterr().err
    assert [found(local, f"algo-{number}")["sharded"] for number in (2, 3)] == [[], []]
    assert "fewer objects" not in str(plan(definition(looking(local)), {}, bucket=local.bucket))


DIE = """
import json, os, signal, sys, time
from pathlib import Path
host = json.loads((Path(__file__).parents[3] / "config" / "resourceconfig.json").read_text())
print("started", flush=True)
if host["current_host"] == "algo-2":
    while not all(Path(p).exists() for p in sys.argv[2:]):
        time.sleep(0.01)
    exec(sys.argv[1])
Path(sys.argv[2]).touch()
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("sys.exit('no more memory')", "host algo-2: script.py exited with code 1: no more memory"),
        ("os.kill(os.getpid(), 9)", "host algo-2: script.py was ended by signal 9"),
    ],
)
@pytest.mark.slow
def test_a_host_that_dies_fails_the_job_with_its_name(
    either: Local, tmp_path: Path, ending: str, told: str
) -> None:
    step = processing("Job", either.code(DIE), arguments=[ending, str(tmp_path / "other")])
    single = either.begin(on(2, step)).wait()
    assert single.status == "Failed"
    reason = single.described["FailureReason"]
    assert reason.startswith(told)
    assert f"{single.name}/algo-2/job.log" in reason, "the log is that host's"
    assert single.log == "started\n", "the other one was stopped"


def test_stopping_ends_every_host(local: Local, tmp_path: Path) -> None:
    step = processing("Job", local.code(DIE), arguments=["pass", str(tmp_path / "other")])
    single = local.begin(on(2, step))
    until(lambda: single.log and (tmp_path / "other").exists())
    single.stop()
    assert single.wait().status == "Stopped"


@pytest.mark.slow
def test_a_time_limit_is_every_hosts(local: Local, tmp_path: Path) -> None:
    step = on(2, processing("Job", local.code(DIE), arguments=["pass", str(tmp_path / "other")]))
    single = local.begin(step, StoppingCondition={"MaxRuntimeInSeconds": 1}).wait()
    assert re.match("host algo-[12]: MaxRuntimeExceeded", single.described["FailureReason"])


@pytest.mark.slow
def test_each_host_has_a_log_stream(local: Local) -> None:
    single = local.begin(looking(local)).wait()
    logs, group = LocalLogs(local.jobs, local.root), "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job/")
    names = [stream["logStreamName"] for stream in streams["logStreams"]]
    second = int(single.described["CreationTime"].timestamp())
    assert names == [f"job/algo-1-{second}", f"job/algo-2-{second}"]
    for number, name in enumerate(names, 1):
        events = logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
        assert events[0]["message"] == f"I am algo-{number}"
    with pytest.raises(ClientError):
        logs.get_log_events(logGroupName=group, logStreamName="job/algo-3-1")


# Adds up, by a connection to the first host, what each host has in its channel.
SUM = """
import json, os, socket
from pathlib import Path
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
own = sum(int(p.read_text()) for p in Path(os.environ["SM_CHANNEL_TRAIN"]).rglob("*.csv"))
model = Path(os.environ["SM_MODEL_DIR"])
(model / f"{host}.txt").write_text(str(own))
Path(os.environ["SM_OUTPUT_DATA_DIR"], f"{host}.txt").write_text("said")
port = int(os.environ["SM_MASTER_PORT"])
if host == os.environ["SM_MASTER_ADDR"]:
    with socket.create_server((host, port)) as server:
        for _ in range(len(hosts) - 1):
            connection, _ = server.accept()
            with connection:
                own += int(connection.makefile().read())
    (model / "sum.txt").write_text(str(own))
    print(f"loss={own}")
else:
    while True:
        try:
            connection = socket.create_connection((os.environ["SM_MASTER_ADDR"], port))
            break
        except ConnectionRefusedError:
            pass
    with connection:
        connection.sendall(str(own).encode())
print(*(os.environ[f"SM_{name}"] for name in ("HOST_COUNT", "CURRENT_HOST_RANK", "HOSTS")))
"""


def summing(local: Local, count: int) -> Json:
    for number in range(5):
        local.put(str(10**number), f"data/{number}.csv")
    step = on(count, training("Train", {**local.channels(SUM), "train": PREFIX}))
    for channel in step["Arguments"]["InputDataConfig"]:
        if channel["ChannelName"] == "train":
            channel["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    step["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = OWN_IMAGE
    definitions = [{"Name": "loss", "Regex": r"loss=(\S+)"}]
    step["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"] = definitions
    return step


@pytest.mark.slow
def test_hosts_of_a_training_job_find_each_other_and_make_one_model(local: Local) -> None:
    runs = [local.start(definition(summing(local, 3)), name=name) for name in ("one", "two")]
    for run in runs:  # side by side, with one port
        assert run.wait().status == "Succeeded", run.steps
        job = run.job("Train")
        model = job["ModelArtifacts"]["S3ModelArtifacts"]
        assert members(local, model) == {
            "algo-1.txt": "1001",
            "algo-2.txt": "10010",
            "algo-3.txt": "100",
            "sum.txt": "11111",
        }
        output = members(local, model.replace("model.tar.gz", "output.tar.gz"))
        assert sorted(output) == ["algo-1.txt", "algo-2.txt", "algo-3.txt"]
        assert job["FinalMetricDataList"][0]["Value"] == 11111
        assert local.log(run, "Train").splitlines()[-1] == '3 0 ["algo-1", "algo-2", "algo-3"]'


# A try on several hosts: the first one knows all, and says what the search compares.
TRY = """
import json, os, sys
hosts, given = json.loads(os.environ["SM_HOSTS"]), dict(zip(sys.argv[1::2], sys.argv[2::2]))
host = os.environ["SM_CURRENT_HOST"]
with open(os.path.join(os.environ["SM_MODEL_DIR"], f"{host}.txt"), "w") as file:
    file.write(given["--depth"])
if host == hosts[0]:
    print(f"loss={len(hosts) * int(given['--depth'])}")
"""


def test_each_try_of_a_tuning_job_has_the_hosts_that_it_asks_for(local: Local) -> None:
    config = tuning_config(categorical("depth", "2", "5"), strategy="Grid", jobs=None)
    step = tuning("Tune", config, local.submitted(TRY), arguments={"ResourceConfig": HOSTS})
    run = local.run(definition(step))
    assert run.status == "Succeeded", run.steps
    assert sorted(map(value, children(local, run))) == [4, 10], "both tries had two hosts"
    name = run.job("Tune")["BestTrainingJob"]["TrainingJobName"]
    best = local.client.describe_training_job(TrainingJobName=name)
    assert members(local, best["ModelArtifacts"]["S3ModelArtifacts"]) == {
        "algo-1.txt": "2",
        "algo-2.txt": "2",
    }


def test_of_a_search_too_fewer_objects_than_hosts_is_said(local: Local) -> None:
    config = tuning_config(categorical("depth", "2"), strategy="Grid", jobs=None)
    channels = {"train": local.put("1", "data/1.csv")}
    asked: Json = {"channels": channels, "arguments": {"ResourceConfig": HOSTS}}
    step = tuning("Tune", config, local.submitted(TRY), **asked)
    (channel,) = step["Arguments"]["TrainingJobDefinition"]["InputDataConfig"]
    channel["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    told = "channel 'train': 1 object at s3://sagemaker-local/data/1.csv for 2 hosts"
    assert told in str(plan(definition(step), {}, bucket=local.bucket))


def test_a_host_of_a_try_that_dies_fails_the_try_with_its_name(local: Local) -> None:
    script = "import os, sys\nsys.exit('lost' if os.environ['SM_CURRENT_HOST'] == 'algo-2' else 0)"
    config = tuning_config(categorical("depth", "2"), strategy="Grid", jobs=None)
    step = tuning("Tune", config, local.submitted(script), arguments={"ResourceConfig": HOSTS})
    run = local.run(definition(step))
    (child,) = children(local, run)
    assert child["TrainingJobStatus"] == "Failed"
    assert "algo-2" in child["FailureReason"]


def test_files_of_a_transform_job_are_shared_by_its_hosts(local: Local) -> None:
    files = {f"{number}.csv": f"{number}\n" for number in range(5)}
    run = scored(local, files, **CSV, options={"TransformResources": HOSTS})
    answered = {f"{number}.csv.out": f"{10 * number}\n" for number in range(5)}
    assert succeeded(local, run) == answered
    log = local.log(run, "Score")
    assert "0.csv: 1 records" in log
    assert "1.csv" not in log, "the second host had it"


def test_a_file_that_one_host_cannot_transform_fails_the_job(local: Local) -> None:
    files = {"0.csv": "1\n", "1.csv": "1\nx\n", "2.csv": "1\n"}
    run = scored(local, files, **CSV, options={"TransformResources": HOSTS})
    assert failed(local, run).startswith("ClientError: host algo-2: batch_transform.py")


def test_a_program_without_hosts_finds_what_it_found_before(tmp_path: Path) -> None:
    """The module that runs first for a host's Python runs the one that it hides, too."""
    (tmp_path / "sitecustomize.py").write_text("print('hidden')")
    program = "import sys, socket; print('sitecustomize' in sys.modules, socket.gethostname())"
    startup = Path(hostnames.__file__).with_name("startup")
    path = os.pathsep.join([str(startup), str(tmp_path)])
    host = hostnames.variable("algo-1", {"algo-1": "127.0.0.1"})
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, **host},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["hidden", "True", "algo-1"]
