"""A server of moto on loopback: AWS's services but for running jobs, empty at its start."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer


@dataclass(frozen=True)
class Moto:
    """A server's address, and how the AWS SDK finds it.

    Attributes:
        url: of its root.
        region: whose services it stands for.
    """

    url: str
    region: str

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables with which any program of AWS talks to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """boto3's client of one of its services."""
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@contextmanager
def moto_server(region: str = "eu-west-1") -> Iterator[Moto]:
    """A server that ends with the block."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Moto(f"http://{host}:{port}", region)
    finally:
        server.stop()
