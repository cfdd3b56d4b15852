"""How other programs reach an endpoint: lines to paste into a terminal or a program."""

import shlex
from typing import Any

CLI = """\
AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url} \\
    aws sagemaker-runtime invoke-endpoint --endpoint-name {endpoint} \\
    --content-type application/json --cli-binary-format raw-in-base64-out \\
    --body {body} /dev/stdout"""
BOTO3 = """\
boto3.client("sagemaker-runtime", endpoint_url="{url}").invoke_endpoint(
    EndpointName="{endpoint}", ContentType="application/json", Body=body
)"""
CURL = """\
curl {url}/endpoints/{endpoint}/invocations \\
    -H 'Content-Type: application/json' -d {body}"""


def lines(session: Any, endpoint: str, body: str) -> str:
    """A request by the AWS CLI, by boto3 and, on this machine, by curl and in a browser.

    Args:
        session: local or managed.
        endpoint: its name.
        body: of an example, JSON.
    """
    parts = {"AWS CLI": CLI, "boto3": BOTO3}
    if docs := session.endpoint_docs(endpoint):  # where nobody asks for a signature
        parts |= {"curl": CURL, "a browser": docs}
    facts = {"url": session.endpoint_url(), "endpoint": endpoint, "body": shlex.quote(body)}
    return "\n\n".join(f"{name}:\n{text.format(**facts)}" for name, text in parts.items())
