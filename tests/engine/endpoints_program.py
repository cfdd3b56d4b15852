"""Creates an endpoint and waits to be killed: ``python endpoints_program.py <root> <endpoint>``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.engine import Engine
from sagemaker_local.processes.warm import shared_runner


def main() -> None:
    root, name = Path(sys.argv[1]), sys.argv[2]
    client = SageMakerClient(Engine(root, runner=shared_runner(False)))
    client.create_endpoint(EndpointName=name, EndpointConfigName="c0")
    print("created", flush=True)
    time.sleep(600)


main()
