"""An inference pipeline: containers that answer in turn, behind one endpoint."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from engine.definitions import ROLE
from engine.hosting import Hosted, variant
from engine.transforms import container

pytestmark = pytest.mark.slow

# Says what it was asked, and answers as a type of its own unless one is wanted.
LINK = """
def model_fn(model_dir):
    return "{name}"

def input_fn(body, content_type):
    if "bad" in str(body):
        raise ValueError("{name} takes no " + str(body))
    return body if isinstance(body, str) else body.decode(), content_type

def predict_fn(read, name):
    return f"{{read[0]}} > {{name}} of {{read[1]}}"

def output_fn(text, accept):
    return text{tail}, "text/plain" if accept == "application/json" else accept
"""


def chained(hosted: Hosted, name: str, *tails: str) -> None:
    scripts = [LINK.format(name=f"c{n}", tail=tail) for n, tail in enumerate(tails, 1)]
    hosted.client.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        Containers=[container(hosted.local, script) for script in scripts],
        InferenceExecutionConfig={"Mode": "Serial"},
    )
    hosted.create(name, variant(name))


def test_each_answers_what_the_one_before_said(hosted: Hosted) -> None:
    """All scripts have one name, and none finds another's."""
    chained(hosted, "chain", "", "", "")
    assert len(hosted.processes()) == 3
    answer, _ = hosted.invoke("chain", "ask")
    assert answer == "ask > c1 of text/csv > c2 of text/plain > c3 of text/plain"
    hosted.delete("chain")
    assert not hosted.processes()


def test_the_first_error_ends_it(hosted: Hosted) -> None:
    chained(hosted, "broken", " + ' bad'", "")
    with pytest.raises(ClientError) as error:
        hosted.invoke("broken", "ask")
    assert error.value.response["OriginalStatusCode"] == 500
    assert "c2 takes no b'ask > c1 of text/csv bad'" in error.value.response["OriginalMessage"]
    with pytest.raises(ClientError) as error:
        hosted.invoke("broken", "bad")
    assert "c1 takes no bad" in error.value.response["OriginalMessage"]
    hosted.delete("broken")
