"""What breaks in what a job is given and leaves: a clear failure of that step, no other harm."""

from __future__ import annotations

import os
import sys
import tarfile
import textwrap
from pathlib import Path

import pytest

from engine.definitions import Json, definition, model, output_of, processing, training
from engine.faults import packed, program_output, start_unpacking, succeeds
from engine.local import Local
from engine.storage.test_archive import link

# The super-user reads everything, except without these two capabilities.
PLAIN = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
AS_A_PLAIN_USER = PLAIN if os.name == "posix" and os.geteuid() == 0 else ()
UNREADABLE = """
import json, pathlib, sys
from engine.definitions import definition, processing
from engine.local import Local
from sagemaker_local.processes.warm import shared_runner

local = Local(pathlib.Path(sys.argv[1]), shared_runner(modules=("json",)))
local.put("x", "data/sub/data.csv")
target = local.bucket.path(local.bucket.uri(sys.argv[2]))
target.chmod(0)
cached = {"CacheConfig": {"Enabled": True}} if sys.argv[3] == "cached" else {}
inputs = {"data": local.bucket.uri("data")}
reads = processing("Reads", local.code("pass"), inputs=inputs, **cached)
other = processing("Other", local.code("pass"))
run = local.run(definition(reads, other))
told = {"statuses": run.statuses, "reason": run.reason("Reads"), "path": str(target)}
target.chmod(0o755)
local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
print(json.dumps(told | {"then": run.wait().status}))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not succeeds(*AS_A_PLAIN_USER, "true"), reason="root reads all, and cannot give that up here"
)
@pytest.mark.parametrize("cached", ["cached", "not cached"])
@pytest.mark.parametrize("what", ["data/sub/data.csv", "data/sub", "data"])
def test_an_input_that_cannot_be_read_fails_its_step(
    source: Path, tmp_path: Path, what: str, cached: str
) -> None:
    root = str(tmp_path / "root")
    told = program_output(UNREADABLE, source, root, what, cached, before=AS_A_PLAIN_USER)
    assert told["statuses"] == {"Reads": "Failed", "Other": "Succeeded"}
    assert "Permission denied" in told["reason"]
    assert told["path"] in told["reason"]
    if cached == "not cached":
        assert "The input s3://sagemaker-local/data cannot be read" in told["reason"]
        assert "Give this user the right to read it." in told["reason"]
    assert told["then"] == "Succeeded"


EVIL = {
    "absolute": tarfile.TarInfo("/tmp/sagemaker-local-was-here"),
    "parent": tarfile.TarInfo("../outside"),
    "deep parent": tarfile.TarInfo("sub/../../../outside"),
    "link": link(tarfile.SYMTYPE, "/etc/passwd"),
    "link to a folder": link(tarfile.SYMTYPE, "../.."),
    "hard link": link(tarfile.LNKTYPE, "../../../outside"),
    "device": link(tarfile.CHRTYPE, ""),
    "pipe": link(tarfile.FIFOTYPE, ""),
}


@pytest.mark.parametrize("caching", [True, False], ids=["cached", "not cached"])
@pytest.mark.parametrize("member", EVIL.values(), ids=EVIL)
def test_an_archive_that_a_job_made_cannot_lead_out(
    local: Local, member: tarfile.TarInfo, caching: bool
) -> None:
    """A step writes the archive, and another one has it unpacked as its sources."""
    body = packed(member, main="print('ran')")
    archive = "pathlib.Path('processing/output/o/sourcedir.tar.gz')"
    code = local.code(f"import pathlib\n{archive}.write_bytes({body!r})")
    make = processing("Make", code, outputs=["o"])
    cached = {"CacheConfig": {"Enabled": True}} if caching else {}
    unpack = start_unpacking(local, output_of("Make", "o"), **cached)
    other = processing("Other", local.code("pass"), DependsOn=["Make"])
    run = local.run(definition(make, unpack, other))
    assert run.statuses == {"Make": "Succeeded", "Full": "Failed", "Other": "Succeeded"}
    reason = run.reason("Full")
    assert "sourcedir.tar.gz cannot be unpacked" in reason
    assert f"{member.name!r} is no plain file below its folder" in reason
    assert not Path("/tmp/sagemaker-local-was-here").exists()
    assert not list(local.root.rglob("outside"))
    assert not list(local.root.rglob("main.py")), "nothing of it is unpacked"


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need another way to be made there")
def test_a_model_of_links_and_pipes_becomes_an_archive_of_plain_files(
    local: Local, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("text")
    script = f"""
        import os, pathlib
        folder = pathlib.Path(os.environ["SM_MODEL_DIR"])
        (folder / "file").symlink_to({str(tmp_path / "outside")!r})
        own = pathlib.Path("/opt/ml/checkpoints/last")
        own.write_text("text")
        (folder / "own").symlink_to(own)
        (folder / "folder").symlink_to({str(tmp_path)!r})
        (folder / "nowhere").symlink_to("/no/such/file")
        (folder / "itself").symlink_to("itself")
        os.mkfifo(folder / "pipe")
        """
    run = local.run(definition(training("T", local.channels(textwrap.dedent(script)))))
    assert run.status == "Succeeded", run.steps
    artifact = local.bucket.existing(run.job("T")["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(artifact) as tar:
        members = {member.name: member.isreg() for member in tar}
    assert members == {"file": True, "own": True}


def test_a_model_that_is_no_archive_harms_nobody(local: Local) -> None:
    """Its digest, for the cache of a step that reads it, is one of plain bytes."""
    uri = local.put(b"\\x1f\\x8bnothing", "models/model.tar.gz")
    cached: Json = {"CacheConfig": {"Enabled": True}}
    reads = processing("Reads", local.code("pass"), inputs={"model": uri}, **cached)
    run = local.run(definition(reads, model("Create", uri)))
    assert run.status == "Succeeded", run.steps


LONG_LOG = """
import json, pathlib, resource, sys
from engine.definitions import definition, training
from engine.local import Local
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.processes.warm import shared_runner

script = '''
import os
for end in (b"", b"\\\\n"):
    for _ in range(%d):
        os.write(1, (b"x" * (1000 - len(end)) + end) * 1000)
print("rmse=3;")
print("rmse=2.5;")
raise SystemExit(%d)
'''
local = Local(pathlib.Path(sys.argv[1]), shared_runner(modules=("json",)))
megabytes = int(sys.argv[2])
def run(code):
    channels = local.channels(script % (megabytes, code))
    step = training("T", channels, metrics={"rmse": "rmse=(.*);"})
    return local.run(definition(step))
good, bad = run(0), run(3)
metrics = good.job("T")["FinalMetricDataList"]
folder = JobFolder(local.root / "jobs" / good.job("T")["TrainingJobName"])
print(json.dumps({
    "metrics": {m["MetricName"]: m["Value"] for m in metrics},
    "tail": folder.lines(tail=2),
    "bytes": folder.log.stat().st_size,
    "reason": bad.reason("T"),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no peak memory to ask for")
def test_a_log_of_200_megabytes_needs_no_more_memory_than_a_short_one(
    source: Path, tmp_path: Path
) -> None:
    """One half of it has no line breaks."""
    short, long = (
        program_output(LONG_LOG, source, str(tmp_path / megabytes), megabytes)
        for megabytes in ("1", "100")
    )
    assert long["bytes"] >= 200_000_000
    for told in (short, long):
        assert told["metrics"] == {"rmse": 2.5}
        assert told["tail"] == ["rmse=3;", "rmse=2.5;"]
        assert "script.py exited with code 3: rmse=2.5;" in told["reason"]
    assert long["peak"] < 1.2 * short["peak"]
