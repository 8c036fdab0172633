"""Files damaged at random, by a seed: as broken disks, transfers and people who mean harm leave them."""

from __future__ import annotations

import re
import struct

#: Numbers at which counts and sizes go wrong.
EXTREMES = (0, 1, 2, 127, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
#: Texts in place of a number or a word of XML or JSON.
WORDS = (b"0", b"-1", b"1e999", b"NaN", b"99999999999", b"10" * 200, b"null", b"[]", b"{}", b'""', b"true", b"1.5")


def mutated(data, rng):
    """Damage bytes in one to three places."""
    damaged = bytearray(data)
    kinds = _OF_TEXT if data.startswith(b"{") else _OF_BYTES
    for _ in range(rng.choice([1, 1, 2, 3])):
        damaged = kinds[rng.integers(len(kinds))](damaged, rng) or bytearray(b"\0")
    return bytes(damaged)


def _place(data, rng):
    # Half of the damage to the first or the last kilobyte, where headers are.
    length = len(data)
    around = int(rng.integers(1024)) % length
    return (around, length - 1 - around, *rng.integers(length, size=2).tolist())[rng.integers(4)]


def _flip(data, rng):
    data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _overwrite(data, rng):
    start, count = _place(data, rng), int(rng.integers(1, 33))
    data[start : start + count] = rng.bytes(count)[: len(data) - start]
    return data


def _extreme(data, rng):
    """A number of 2, 4 or 8 bytes, of either order."""
    start, kind = _place(data, rng), "HIQ"[rng.integers(3)]
    order = "<>"[rng.integers(2)]
    number = EXTREMES[rng.integers(len(EXTREMES))] % 256 ** struct.calcsize(f"<{kind}")
    packed = struct.pack(order + kind, number)
    data[start : start + len(packed)] = packed[: len(data) - start]
    return data


def _cut(data, rng):
    return data[: _place(data, rng)]


def _drop(data, rng):
    start = _place(data, rng)
    del data[start : start + int(rng.integers(1, 65))]
    return data


def _repeat(data, rng):
    start, to = _place(data, rng), _place(data, rng)
    return data[:to] + data[start : start + int(rng.integers(1, 257))] + data[to:]


def _word(data, rng):
    """A number or a quoted word of text replaced."""
    found = list(re.finditer(rb'-?\d+\.?\d*|"[^"]{0,40}"', bytes(data)))
    if not found:
        return _flip(data, rng)
    match = found[rng.integers(len(found))]
    return data[: match.start()] + WORDS[rng.integers(len(WORDS))] + data[match.end() :]


def _nest(data, rng):
    """Brackets without end."""
    place, bracket = _place(data, rng), b"[{"[rng.integers(2) :][:1]
    return data[:place] + bracket * 5000 + data[place:]


def _digit(data, rng):
    """A digit of text replaced, as lengths and places elsewhere stay right."""
    found = [match.start() for match in re.finditer(rb"(?<=[\d\"'= ])\d(?=[\d\"'. ,])", bytes(data))]
    if found:
        data[found[rng.integers(len(found))]] = b"0123456789-"[rng.integers(11)]
    return data


_OF_TEXT = (_word, _word, _word, _word, _digit, _digit, _nest, _drop, _flip)
_OF_BYTES = (_flip, _flip, _overwrite, _extreme, _extreme, _extreme, _cut, _drop, _repeat, _word, _digit, _digit, _nest)
