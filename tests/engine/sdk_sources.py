"""Every form of a trainer's source, and the SDK's resources of it; prints what it saw as JSON.

Run by ``test_sources`` in a process of its own, without AWS variables and network:
``python sdk_sources.py <folder>``.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
SEEN: dict[str, Any] = {}

from sagemaker_local import LocalJobSession  # noqa: E402

session = LocalJobSession(FOLDER / "root", preload=("json",))

from sagemaker.core.helper.session_helper import get_execution_role  # noqa: E402
from sagemaker.core.resources import Model, TrainingJob  # noqa: E402
from sagemaker.core.shapes import ContainerDefinition  # noqa: E402
from sagemaker.train import ModelTrainer  # noqa: E402
from sagemaker.train.configs import SourceCode  # noqa: E402
from sagemaker.train.distributed import DistributedConfig  # noqa: E402

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310"
SOURCE, DRIVERS = FOLDER / "source", FOLDER / "drivers"
for file, text in {
    "source/train.py": "import sys; print('python', sys.argv[1:])",
    "source/train.sh": '#!/bin/bash\nfound=(*); echo shell "${found[@]}"\n',
    "source/notes.md": "not for the job",
    "source/requirements.txt": "a-library-that-nobody-has==1.0",
    "drivers/mine.py": "import os; print('driver', os.environ['SM_DISTRIBUTED_CONFIG'])",
}.items():
    (FOLDER / file).parent.mkdir(exist_ok=True)
    (FOLDER / file).write_text(text)
with tarfile.open(FOLDER / "packed.tar.gz", "w:gz") as archive:
    archive.add(SOURCE / "train.py", "train.py")


class Mine(DistributedConfig):
    count: int = 2

    @property
    def driver_dir(self) -> str:
        return str(DRIVERS)

    @property
    def driver_script(self) -> str:
        return "mine.py"


def trained(name: str, distributed: Any = None, **source: Any) -> list[str]:
    """What a job's script printed."""
    trainer = ModelTrainer(
        sagemaker_session=session,
        role="a-role-by-its-name",
        training_image=IMAGE,
        source_code=SourceCode(**source),
        hyperparameters={"rate": 0.5},
        distributed=distributed,
        base_job_name=name,
    )
    trainer.train(logs=False)
    job = trainer._latest_training_job
    SEEN["job"] = job.training_job_name
    return session.job_log("Training", job.training_job_name)


folder = {"source_dir": str(SOURCE)}
SEEN["shell"] = trained(
    "shell",
    entry_script="train.sh",
    requirements="requirements.txt",
    ignore_patterns=["*.md"],
    **folder,
)
SEEN["command"] = trained("command", command="python train.py --of $SM_HP_RATE", **folder)
packed = {"source_dir": str(FOLDER / "packed.tar.gz"), "entry_script": "train.py"}
SEEN["archive"] = trained("archive", **packed)
uploaded = session.upload_data(SOURCE, key_prefix="sources/mine")
SEEN["uploaded"] = trained("uploaded", source_dir=f"{uploaded}/", entry_script="train.py")
SEEN["driver"] = trained("driver", Mine(), entry_script="train.py", **folder)

boto_session = session.boto_session
job = TrainingJob.get(SEEN["job"], session=boto_session)
SEEN["roles"] = [job.role_arn, get_execution_role(session), session.expand_role("another")]
SEEN["names"] = [each.training_job_name for each in TrainingJob.get_all(session=boto_session)]
made = Model.create(
    model_name="made",
    execution_role_arn=session.role,
    primary_container=ContainerDefinition(
        image=IMAGE, model_data_url=job.model_artifacts.s3_model_artifacts
    ),
    session=boto_session,
)
SEEN["models"] = [each.model_name for each in Model.get_all(session=boto_session)]
made.delete()
SEEN["models left"] = len(list(Model.get_all(session=boto_session)))

(FOLDER / "seen.json").write_text(json.dumps(SEEN))
