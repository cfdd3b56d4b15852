"""Jobs of several hosts: each is a process with the service's files, variables and names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import hosts_of

from engine.definitions import OUTPUT, Json, definition, output_of, processing, training
from engine.local import Local, Run, Single

PREFIX = "s3://sagemaker-local/data"
# What each of two hosts of a processing job finds, and writes under its own name.
LOOK = """
import json, os, socket, subprocess, sys
from pathlib import Path
root = Path(__file__).parents[3]
resources = json.loads((root / "config" / "resourceconfig.json").read_text())
host = resources["current_host"]
below = root / "processing" / "input"
names = {n: sorted(p.relative_to(below / n).as_posix() for p in (below / n).rglob("*.csv"))
         for n in ("sharded", "whole")}
program = "import socket; print(socket.gethostbyname('algo-2'), socket.gethostname())"
child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
found = {"resources": resources, **names, "child": child.stdout.split(),
         "algo-1": socket.gethostbyname("algo-1"), "own": socket.getaddrinfo(host, 80)[0][4][0],
         "threads": os.environ["OMP_NUM_THREADS"]}
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
