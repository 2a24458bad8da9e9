# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of an ONNX file before anything runs it, from its bytes alone.

ONNX is a protocol buffer: fields of a number, a kind and a value. This reads just enough of it to say what
a file asks for - operators, sizes, data in other files - so that a run-time library is only ever given
what a classifier needs. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Operators of ours come from these; the empty name is ai.onnx.
DOMAINS = frozenset(("", "ai.onnx", "ai.onnx.ml"))
_VARINT_BYTES = 10

# Bytes of one element by TensorProto.DataType; strings, 4-bit and newer types have no place in our models.
_ITEM_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8}

# Long lists of a tree ensemble are one field per number; they are passed over at the speed of the matcher.
# Possessive, so that nothing is kept to go back to.
_NUMBERS = re.compile(
    rb"(?:\x3d[\s\S]{4})++"  # floats
    rb"|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])++"  # ints
    rb"|(?:\x4a\x0aBRANCH_LEQ|\x4a\x04LEAF)++"  # modes of nodes
)


@dataclass
class OnnxHeader:
    """What a model file asks for and says of itself.

    Attributes
    ----------
    ir_version : int
    opsets : dict of str to int
        Version by domain.
    metadata : dict of str to str
    operators : set of str
        `domain::name`, the domain left out for ai.onnx.
    tensor_bytes : int
        Of all constants together.
    """

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)
    tensor_bytes: int = 0


def read_onnx_header(data: bytes) -> OnnxHeader:
    """Walk through a model and check it.

    Raises
    ------
    ValueError
        Cut short or no ONNX at all; operators of other domains, functions, control flow, training
        parts or sparse constants; constants kept in other files, or not as large as their shape says.
        The text completes "this file ...".
    """
    header = OnnxHeader()
    graphs = 0
    for number, value in _fields(data, 0, len(data)):
        if number == 1:
            header.ir_version = _integer(value)
        elif number == 7:
            graphs += 1
            _read_graph(data, *_span(value), header)
        elif number == 8:
            _read_opset(data, *_span(value), header)
        elif number == 14:
            _read_property(data, *_span(value), header)
        elif number == 20:
            raise ValueError("holds parts for training")
        elif number == 25:
            raise ValueError("holds functions of its own")
    if not header.ir_version or graphs != 1 or not header.opsets:
        raise ValueError("is not an ONNX model, or is cut short")
    return header


def _fields(
    data: bytes, start: int, end: int, lists: bool = False
) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """Number and value of each field: a whole number, or first and last place of its bytes."""
    place = start
    while place < end:
        if lists and (run := _NUMBERS.match(data, place, end)):
            place = run.end()
            continue
        key, place = _varint(data, place, end)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("is not an ONNX model, or is damaged")
        if kind == 0:
            value, place = _varint(data, place, end)
            yield number, value
            continue
        if kind == 2:
            length, place = _varint(data, place, end)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("is not an ONNX model, or is damaged")
        if length > end - place:
            raise ValueError("is cut short, or is not an ONNX model")
        yield number, (place, place + length)
        place += length


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    value = 0
    for turn in range(_VARINT_BYTES):
        if place >= end:
            raise ValueError("is cut short, or is not an ONNX model")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << (7 * turn)
        if byte < 0x80:
            return value, place
    raise ValueError("is not an ONNX model, or is damaged")


def _integer(value: int | tuple[int, int]) -> int:
    if isinstance(value, tuple):
        raise ValueError("is not an ONNX model, or is damaged")
    return value


def _span(value: int | tuple[int, int]) -> tuple[int, int]:
    if not isinstance(value, tuple):
        raise ValueError("is not an ONNX model, or is damaged")
    return value


def _text(data: bytes, value: int | tuple[int, int]) -> str:
    start, end = _span(value)
    try:
        return data[start:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("is not an ONNX model, or is damaged") from error


def _read_opset(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    domain, version = "", 0
    for number, value in _fields(data, start, end):
        if number == 1:
            domain = _text(data, value)
        elif number == 2:
            version = _integer(value)
    _check_domain(domain)
    header.opsets[domain] = version


def _read_property(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    key = value = ""
    for number, part in _fields(data, start, end):
        if number == 1:
            key = _text(data, part)
        elif number == 2:
            value = _text(data, part)
    if key in header.metadata:
        raise ValueError(f"says {key!r} of itself twice")
    header.metadata[key] = value


def _check_domain(domain: str) -> None:
    if domain not in DOMAINS:
        raise ValueError(f"wants operators of the domain {domain!r}, which are not run here")


def _read_graph(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    for number, value in _fields(data, start, end):
        if number == 1:
            _read_node(data, *_span(value), header)
        elif number == 5:
            _read_tensor(data, *_span(value), header)
        elif number == 15:
            raise ValueError("holds sparse constants, which are not run here")


def _read_node(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    name = domain = ""
    for number, value in _fields(data, start, end):
        if number == 4:
            name = _text(data, value)
        elif number == 7:
            domain = _text(data, value)
        elif number == 5:
            _read_attribute(data, *_span(value), header)
    _check_domain(domain)
    header.operators.add(f"{domain}::{name}" if domain == "ai.onnx.ml" else name)


def _read_attribute(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    for number, value in _fields(data, start, end, lists=True):
        if number in (5, 10):
            _read_tensor(data, *_span(value), header)
        elif number in (6, 11):
            raise ValueError("holds loops or branches, which are not run here")
        elif number in (22, 23):
            raise ValueError("holds sparse constants, which are not run here")


def _read_tensor(data: bytes, start: int, end: int, header: OnnxHeader) -> None:
    elements, kind, raw = 1, 0, None
    for number, value in _fields(data, start, end):
        if number == 1:
            for dimension in _numbers(data, value):
                elements *= dimension
        elif number == 2:
            kind = _integer(value)
        elif number == 9:
            first, last = _span(value)
            raw = last - first
        elif number == 13 or (number == 14 and _integer(value) != 0):
            raise ValueError("keeps constants in other files, which are not read")
    if kind not in _ITEM_BYTES:
        raise ValueError(f"holds constants of data type {kind}, which are not run here")
    size = elements * _ITEM_BYTES[kind]
    # Without raw bytes the numbers are fields, each at least one byte of the file.
    if (raw is not None and raw != size) or (raw is None and elements > end - start):
        raise ValueError("holds a constant whose size is not that of its shape; it is damaged")
    header.tensor_bytes += size


def _numbers(data: bytes, value: int | tuple[int, int]) -> list[int]:
    """One number of a repeated field, or many where they are packed."""
    if isinstance(value, int):
        return [value]
    place, end = value
    found = []
    while place < end:
        number, place = _varint(data, place, end)
        found.append(number)
    return found
