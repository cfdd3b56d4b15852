"""RecordIO-protobuf, as protobuf itself writes it."""

from __future__ import annotations

import numpy as np
import pytest
from sagemaker_local.algorithms import recordio


def test_what_is_written_is_read() -> None:
    body = recordio.written([{"score": [0.25, 0.5], "predicted_label": 1}, {"score": 2.0}])
    assert body[:4] == bytes.fromhex("0a23d7ce")
    assert len(body) % 4 == 0
    with pytest.raises(ValueError, match="No records found"):  # they have labels and no features
        recordio.read(body)


def record(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return (
        bytes.fromhex("0a23d7ce") + len(body).to_bytes(4, "little") + body + bytes(-len(body) % 4)
    )


def entry(field: int, kind: int, tensor: bytes) -> bytes:
    """A map's entry ``values``, whose value has a tensor of a kind."""
    value = bytes([kind << 3 | 2, len(tensor)]) + tensor
    inner = b"\x0a\x06values" + bytes([0x12, len(value)]) + value
    return bytes([field << 3 | 2, len(inner)]) + inner


def packed(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2, len(content)]) + content


LABEL = entry(2, 2, packed(1, np.array([3], "<f4").tobytes()))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (2, np.array([1, -2], "<f4").tobytes()),
        (3, np.array([1, -2], "<f8").tobytes()),
        (7, b"\x01" + bytes([0xFE, *[0xFF] * 8, 0x01])),  # varints, of 64 bits below 0
    ],
)
def test_a_dense_record_of_each_type_is_read(kind: int, values: bytes) -> None:
    body = record(entry(1, kind, packed(1, values)), LABEL)
    features, labels = recordio.read(body + body)
    assert features.tolist() == [[1, -2], [1, -2]]
    assert labels.tolist() == [3, 3]


def test_sparse_records_are_as_wide_as_they_say() -> None:
    tensor = packed(1, np.array([0.5], "<f4").tobytes()) + packed(2, b"\x04") + packed(3, b"\x06")
    empty = packed(3, b"\x06")
    features, labels = recordio.read(record(entry(1, 2, tensor)) + record(entry(1, 2, empty)))
    assert features.toarray().tolist() == [[0, 0, 0, 0, 0.5, 0], [0] * 6]
    assert labels is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"1,2\n3,4\n", "Invalid RecordIO magic at offset 0"),
        (record(LABEL)[:-4], "Truncated record at offset 8"),
        (b"", "No records found"),
    ],
)
def test_other_bytes_are_refused(body: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        recordio.read(body)
