# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain JSON values as PMTs and back, without loss and without unbounded memory.

Two properties of PMT decide the encoding. An empty dict is the same object as nil, so it travels
as the tuple {nil} (lists are PMT vectors, hence tuples are free; an empty tuple cannot be
deserialised). Symbols are interned for the life
of the process, about 150 bytes each, and slow down every later look-up: only the first
`SYMBOL_LIMIT` different strings become symbols, later ones travel as u8vectors of UTF-8.
"""

from typing import Any

import pmt

SYMBOL_LIMIT = 4096

_symbols: dict[str, Any] = {}


def encode(value: Any) -> Any:
    """PMT of None, bool, int (64 bits), float, str, list or dict with string keys.

    Raises
    ------
    TypeError
        If the value, or one inside it, has another type.
    """
    if value is None:
        return pmt.PMT_NIL
    kind = type(value)
    if kind is bool:
        return pmt.from_bool(value)
    if kind is int:
        return pmt.from_long(value)
    if kind is float:
        return pmt.from_double(value)
    if kind is str:
        return encode_text(value)
    if kind is list:
        vector = pmt.make_vector(len(value), pmt.PMT_NIL)
        for place, item in enumerate(value):
            pmt.vector_set(vector, place, encode(item))
        return vector
    if kind is dict:
        return encode_dict({key: encode(item) for key, item in value.items()})
    raise TypeError(f"{kind.__name__} has no PMT form here; make it a plain Python value first")


def encode_dict(items: dict[str, Any]) -> Any:
    """PMT dict of values that are PMTs already; an empty one becomes the tuple {nil}."""
    if not items:
        return pmt.make_tuple(pmt.PMT_NIL)
    table = pmt.make_dict()
    # dict_add puts new keys in front: going backwards keeps the order of the keys.
    for key in reversed(items):
        table = pmt.dict_add(table, encode_text(key), items[key])
    return table


def encode_text(text: str) -> Any:
    """Symbol of a string, or the u8vector of its UTF-8 once `SYMBOL_LIMIT` symbols exist."""
    symbol = _symbols.get(text)
    if symbol is None:
        if len(_symbols) >= SYMBOL_LIMIT:
            data = text.encode("utf-8")
            return pmt.init_u8vector(len(data), list(data))
        symbol = _symbols[text] = pmt.intern(text)
    return symbol


def decode(value: Any) -> Any:
    """Plain value of a PMT.

    Raises
    ------
    TypeError
        If the PMT has a kind that `encode` never makes, other than uint64.
    """
    if pmt.is_null(value):
        return None
    if pmt.is_bool(value):
        return pmt.to_bool(value)
    if pmt.is_symbol(value):
        return pmt.symbol_to_string(value)
    if pmt.is_integer(value):
        return pmt.to_long(value)
    if pmt.is_uint64(value):
        return pmt.to_uint64(value)
    if pmt.is_real(value):
        return pmt.to_double(value)
    if pmt.is_u8vector(value):
        return bytes(pmt.u8vector_elements(value)).decode("utf-8")
    if pmt.is_vector(value):
        return [decode(pmt.vector_ref(value, place)) for place in range(pmt.length(value))]
    if _is_empty_dict(value):
        return {}
    if pmt.is_dict(value):
        return {key: decode(item) for key, item in decode_dict(value).items()}
    raise TypeError(f"PMT {value} has no plain form here")


def decode_dict(table: Any) -> dict[str, Any]:
    """Keys of a PMT dict, decoded, with their values still PMTs. Raises TypeError when it is none."""
    if _is_empty_dict(table):
        return {}
    if not pmt.is_dict(table) or pmt.is_null(table):
        raise TypeError(f"PMT {table} is not a dictionary")
    items = {}
    rest = pmt.dict_items(table)
    while pmt.is_pair(rest):
        pair = pmt.car(rest)
        items[decode(pmt.car(pair))] = pmt.cdr(pair)
        rest = pmt.cdr(rest)
    return items


def _is_empty_dict(value: Any) -> bool:
    return pmt.is_tuple(value) and pmt.length(value) == 1 and pmt.is_null(pmt.tuple_ref(value, 0))


def encode_time(seconds: int, fraction: float) -> Any:
    """GNU Radio's time: tuple of uint64 whole seconds and double fraction."""
    return pmt.make_tuple(pmt.from_uint64(seconds), pmt.from_double(fraction))


def decode_time(value: Any) -> tuple[int, float]:
    """Whole seconds and fraction. Raises TypeError when the PMT is no such tuple."""
    if not pmt.is_tuple(value) or pmt.length(value) != 2:
        raise TypeError(f"PMT {value} is not a time (uint64 seconds, double fraction)")
    seconds, fraction = pmt.tuple_ref(value, 0), pmt.tuple_ref(value, 1)
    if not pmt.is_uint64(seconds) or not pmt.is_real(fraction):
        raise TypeError(f"PMT {value} is not a time (uint64 seconds, double fraction)")
    return pmt.to_uint64(seconds), pmt.to_double(fraction)
