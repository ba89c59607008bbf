"""The layout of our own streams: every field comes back, and nothing is believed before it is checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.errors import CorruptStreamError
from licbench.images.limits import MAX_PIXELS, MAX_SIDE, check_size

MAGIC = 0xC1
NUMBERS = st.integers(0, 2**35 - 1)


def reader(stream):
    return StreamReader(stream, MAGIC, "cae")


@given(byte=st.integers(0, 255), number=NUMBERS, fixed=st.binary(max_size=9), blob=st.binary(max_size=300))
def test_fields_come_back(byte, number, fixed, blob):
    writer = StreamWriter(MAGIC).size(640, 3).byte(byte).varint(number).raw(fixed).blob(blob).raw(b"tail")
    held = reader(writer.finish())
    assert held.size() == (640, 3)
    assert (held.byte(), held.varint(), held.raw(len(fixed)), held.blob()) == (byte, number, fixed, blob)
    assert held.rest() == b"tail"
    held.end()


@given(NUMBERS)
def test_numbers_take_a_byte_for_seven_bits(number):
    expected = max(1, -(-number.bit_length() // 7))
    assert len(StreamWriter(MAGIC).varint(number).finish()) == 1 + expected + 2


def test_layout_by_hand():
    stream = StreamWriter(MAGIC).size(300, 1).blob(b"xy").finish()
    assert stream[:-2] == bytes([0xC1, 0xAC, 0x02, 0x01, 0x02]) + b"xy"
    # CRC-16/CCITT with initial value 0xFFFF; of "123456789" it is 0x29B1.
    assert StreamWriter(ord("1")).raw(b"23456789").finish()[-2:] == b"\x29\xb1"


def test_negative_numbers_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="negative"):
        StreamWriter(MAGIC).varint(-1)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_every_changed_bit_is_noticed(payload, data):
    stream = bytearray(StreamWriter(MAGIC).raw(payload).finish())
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptStreamError):
        reader(bytes(stream))


@pytest.mark.parametrize("stream", [b"", b"\xc1", b"\xc1\x00", StreamWriter(MAGIC).raw(b"abc").finish()[:-1]])
def test_short_streams_are_refused(stream):
    with pytest.raises(CorruptStreamError, match=r"not a cae stream|damaged or cut off"):
        reader(stream)


def test_other_codecs_are_named():
    with pytest.raises(CorruptStreamError, match="not a cae stream; decode it with the codec that wrote it"):
        reader(StreamWriter(MAGIC + 1).finish())


@pytest.mark.parametrize(
    ("write", "read", "message"),
    [
        (lambda w: w, lambda r: r.byte(), "ends too early"),
        (lambda w: w.raw(b"ab"), lambda r: r.raw(3), "ends too early"),
        (lambda w: w.varint(4).raw(b"abc"), lambda r: r.blob(), "ends too early"),
        (lambda w: w.varint(2**34).raw(b"abc"), lambda r: r.blob(), "ends too early"),
        (lambda w: w.raw(b"\x80\x80"), lambda r: r.varint(), "ends too early"),
        (lambda w: w.raw(b"\xff" * 5), lambda r: r.varint(), "endless number"),
        (lambda w: w.raw(b"ab"), lambda r: r.end(), "2 bytes too many"),
        (lambda w: w.varint(0).varint(5), lambda r: r.size(), "impossible size of 0x5"),
    ],
)
def test_impossible_fields_are_refused(write, read, message):
    held = reader(write(StreamWriter(MAGIC)).finish())
    with pytest.raises(CorruptStreamError, match=message):
        read(held)


@pytest.mark.parametrize("size", [(1, 1), (MAX_SIDE, 1), (1, MAX_SIDE), (2**13, 2**13), (MAX_SIDE, 2**10)])
def test_possible_sizes(size):
    check_size(*size)


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-1, 5), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (2**13, 2**13 + 1)])
def test_impossible_sizes(size):
    with pytest.raises(CorruptStreamError, match="impossible size"):
        check_size(*size)
    assert MAX_PIXELS == 2**26
