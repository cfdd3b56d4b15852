"""RecordIO-protobuf, the format of SageMaker's algorithms: read and written without protobuf.

A record is framed by a magic number and its length, and padded to four bytes. It is a message of
two maps, from a name to a tensor: ``features`` (field 1) and ``label`` (field 2). A tensor is of
float32 (field 2 of its value), float64 (3) or int32 (7), and has values, and, of a sparse row, keys
and a shape. Sources: "Common Data Formats" in the SageMaker Developer Guide, and ``record.proto``
of sagemaker-containers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

TYPE = "application/x-recordio-protobuf"
_MAGIC = 0xCED7230A
_FRAME = struct.Struct("<II")
_NAME = "values"  # of the only feature, and of the only label
_FEATURES, _LABELS = 1, 2
_FLOAT32 = 2
# Fields of a value, each a tensor: the type of its elements.
_TENSORS: dict[int, np.dtype[Any]] = {2: np.dtype("<f4"), 3: np.dtype("<f8"), 7: np.dtype("<i4")}
_VARINT, _EIGHT_BYTES, _SIZED, _FOUR_BYTES = 0, 1, 2, 5
_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}


@dataclass(frozen=True)
class _Tensor:
    values: Any
    keys: list[int]
    shape: list[int]


def read(body: bytes) -> tuple[Any, Any]:
    """The features, a dense array or a sparse matrix, and the labels; None: no record has one.

    Raises:
        ValueError: it is not of this format, or has no record.
    """
    rows, labels, is_sparse = [], [], False
    for record in _records(body):
        maps = _maps(record)
        features = maps[_FEATURES].get(_NAME)
        if features is None:
            continue
        is_sparse = is_sparse or bool(
            features.keys or (features.shape and not len(features.values))
        )
        rows.append(features)
        if _NAME in maps[_LABELS]:
            labels.append(maps[_LABELS][_NAME].values)
    if not rows:
        raise ValueError("No records found in RecordIO-Protobuf data")
    found = np.concatenate(labels) if labels else None
    return (_sparse(rows) if is_sparse else np.vstack([row.values for row in rows])), found


def written(answers: Sequence[Mapping[str, Any]]) -> bytes:
    """A record for each answer, whose labels are its values, numbers or lists of them."""
    return b"".join(_framed(_labels(answer)) for answer in answers)


def _sparse(rows: list[_Tensor]) -> Any:
    width = max(max([*row.shape[:1], *(key + 1 for key in row.keys)], default=1) for row in rows)
    counts = [len(row.keys) for row in rows]
    keys = np.array([key for row in rows for key in row.keys], dtype=np.int64)
    values = np.concatenate([row.values[: len(row.keys)] for row in rows])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_matrix((values, keys, starts), shape=(len(rows), width))


def _records(body: bytes) -> Iterator[bytes]:
    at = 0
    while at + _FRAME.size <= len(body):
        magic, size = _FRAME.unpack_from(body, at)
        if magic != _MAGIC:
            raise ValueError(f"Invalid RecordIO magic at offset {at}")
        at += _FRAME.size
        if at + size > len(body):
            raise ValueError(f"Truncated record at offset {at}")
        yield body[at : at + size]
        at += (size + 3) // 4 * 4


def _maps(record: bytes) -> dict[int, dict[str, _Tensor]]:
    found: dict[int, dict[str, _Tensor]] = {_FEATURES: {}, _LABELS: {}}
    for field, entry in _fields(record):
        if field in found and isinstance(entry, bytes):
            members = dict(_fields(entry))
            name, value = members.get(1, b""), members.get(2, b"")
            for kind, tensor in _fields(value) if isinstance(value, bytes) else ():
                if kind in _TENSORS and isinstance(tensor, bytes) and isinstance(name, bytes):
                    found[field][name.decode()] = _tensor(tensor, _TENSORS[kind])
    return found


def _tensor(message: bytes, kind: np.dtype[Any]) -> _Tensor:
    numbers: dict[int, list[int]] = {2: [], 3: []}
    packed: list[Any] = []
    for field, value in _fields(message):
        if field == 1:
            packed.append(_elements(value, kind))
        elif field in numbers:
            numbers[field] += _varints(value) if isinstance(value, bytes) else [value]
    values = np.concatenate(packed) if packed else np.array([], dtype=kind)
    return _Tensor(values, numbers[2], numbers[3])


def _elements(value: bytes | int, kind: np.dtype[Any]) -> Any:
    if kind.kind == "i":  # varints, those below 0 as of 64 bits
        found = _varints(value) if isinstance(value, bytes) else [value]
        return np.array(found, dtype=np.uint64).astype(np.int64)
    return np.frombuffer(value if isinstance(value, bytes) else b"", dtype=kind)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and contents of a message's fields; those of a fixed size as their bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind, value = tag & 7, 0
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == _SIZED:
            size, at = _varint(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("a number without an end")


def _varints(message: bytes) -> list[int]:
    found, at = [], 0
    while at < len(message):
        value, at = _varint(message, at)
        found.append(value)
    return found


def _labels(answer: Mapping[str, Any]) -> bytes:
    entries = b""
    for name, value in answer.items():
        values = value if isinstance(value, list) else [value]
        tensor = _sized(1, np.array(values, dtype="<f4").tobytes())
        entries += _sized(_LABELS, _sized(1, name.encode()) + _sized(2, _sized(_FLOAT32, tensor)))
    return entries


def _sized(field: int, content: bytes) -> bytes:
    return _number(field << 3 | _SIZED) + _number(len(content)) + content


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _framed(record: bytes) -> bytes:
    return _FRAME.pack(_MAGIC, len(record)) + record + bytes(-len(record) % 4)
