"""A container of the rebuilt image: its own copy of the environment, and `/opt/ml`.

Linux only, by namespaces of its own: what is mounted in them nobody else sees, and without
`network` there is none but the loopback, so that what works there needs no internet.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from replica.environment import copied
from replica.server import RELAY, Server, started

IMAGE_VARIABLES = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PATH": "/opt/venv/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONUNBUFFERED": "1",
    "SAGEMAKER_SERVING_MODULE": "entry_points:application",
    "SAGEMAKER_TRAINING_MODULE": "entry_points:train",
    "SAGEMAKER_USE_NGINX": "false",
    "SM_CHECKPOINT_CONFIG_FILE": "/opt/ml/input/config/checkpointconfig.json",
    "SM_INPUT": "/opt/ml/input",
    "SM_INPUT_DATA_CONFIG_FILE": "/opt/ml/input/config/inputdataconfig.json",
    "SM_INPUT_TRAINING_CONFIG_FILE": "/opt/ml/input/config/hyperparameters.json",
    "SM_MODEL_DIR": "/opt/ml/model",
}
# How this machine reaches its package index.
_INDEX_VARIABLES = ("PIP_", "SSL_CERT", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_ENTER = """
set -e
opt="$SCRATCH/opt"
mkdir -p "$opt/ml" "$opt/venv"
for entry in /opt/*/; do
    mkdir -p "$opt/$(basename "$entry")"
    mount --rbind "$entry" "$opt/$(basename "$entry")"
done
mount --bind "$ML" "$opt/ml"
mount --bind "$VENV" "$opt/venv"
mount --rbind "$opt" /opt
while read -r source target; do
    mkdir -p "$target"
    mount --bind "$source" "$target"
done < <(printf '%s' "$MOUNTS")
unset SCRATCH ML VENV MOUNTS
/opt/venv/bin/python -c "
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41))
" 2>/dev/null || true  # the loopback up, in a network of its own
cd /
exec "$@"
"""


def can_unshare() -> bool:
    """Whether this machine lets us have namespaces of our own."""
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run(["unshare", "-Urmn", "true"], capture_output=True, check=False)
    return probe.returncode == 0


@dataclass(frozen=True)
class Container:
    """One container, for as many commands as a job starts in it.

    Attributes:
        venv: its copy of the environment, which it sees as /opt/venv.
        ml: the folder that it sees as /opt/ml.
        scratch: what is its own besides.
        network: whether it sees this machine's network.
    """

    venv: Path
    ml: Path
    scratch: Path
    network: bool

    def run(
        self,
        command: Sequence[str],
        variables: Mapping[str, str] | None = None,
        mounts: Mapping[str, Path] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """What a command printed, whatever its code; each of `mounts` is a volume of its own."""
        return subprocess.run(
            self._entered(command),
            env=self._environment(variables or {}, mounts or {}),
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def serve(self, variables: Mapping[str, str] | None = None) -> Iterator[Server]:
        """The image's command `serve`, once it answers /ping."""
        command = ["/opt/venv/bin/python", str(RELAY), str(self.scratch / "socket")]
        workers = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}  # else one for each core
        environment = self._environment(workers | dict(variables or {}), {})
        with started(self._entered(command), environment, self.scratch) as server:
            yield server

    def _entered(self, command: Sequence[str]) -> list[str]:
        spaces = "-Urm" if self.network else "-Urmn"
        return ["unshare", spaces, "bash", "-c", _ENTER, "bash", *command]

    def _environment(
        self, variables: Mapping[str, str], mounts: Mapping[str, Path]
    ) -> dict[str, str]:
        index = {"PIP_CONFIG_FILE": os.devnull}
        if self.network:
            taken = [name for name in os.environ if name.upper().startswith(_INDEX_VARIABLES)]
            index = {name: os.environ[name] for name in taken}
        return {
            **IMAGE_VARIABLES,
            **index,
            "OMP_NUM_THREADS": "1",  # of a small model's threads, most wait for the others
            "HOME": str(self.scratch),
            "ML": str(self.ml),
            "VENV": str(self.venv),
            "SCRATCH": str(self.scratch),
            "MOUNTS": "".join(f"{source} {target}\n" for target, source in mounts.items()),
            **variables,
        }


@contextmanager
def container(image: Path, ml: Path, network: bool = False) -> Iterator[Container]:
    """A new container of the image, with what is in `ml` at /opt/ml."""
    # A short path, because a socket's may have 107 characters only.
    with copied(image) as venv, tempfile.TemporaryDirectory(prefix="image-") as scratch:
        yield Container(venv, ml, Path(scratch), network)


def write_training_config(
    ml: Path, hyperparameters: Mapping[str, str], channels: Sequence[str]
) -> None:
    """The files that SageMaker puts below /opt/ml/input/config of a training job."""
    config = ml / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
    host = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    documents = {
        "hyperparameters": dict(hyperparameters),
        "inputdataconfig": dict.fromkeys(channels, channel | {"RecordWrapperType": "None"}),
        "resourceconfig": host,
    }
    for name, document in documents.items():
        (config / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
