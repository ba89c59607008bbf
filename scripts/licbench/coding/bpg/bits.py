"""Bit fields in the order of HEVC and BPG: most significant bit first, numbers as u(n) or Exp-Golomb ue(v)."""

from __future__ import annotations

from licbench.errors import CorruptStreamError

MAX_EXP_GOLOMB_ZEROS = 32


class BitReader:
    """Reads fields from the start of ``data``; running over its end is a ``CorruptStreamError``."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def unsigned(self, bits: int) -> int:
        """A number of fixed length, u(n)."""
        if bits > self._left:
            raise CorruptStreamError("BPG stream ends within its HEVC header; fetch the file again")
        self._left -= bits
        return self._value >> self._left & ((1 << bits) - 1)

    def flag(self) -> bool:
        return self.unsigned(1) == 1

    def exp_golomb(self) -> int:
        """A number of variable length, ue(v) (H.265, 9.2)."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > MAX_EXP_GOLOMB_ZEROS:
                raise CorruptStreamError("BPG stream holds an endless Exp-Golomb number; fetch the file again")
        return (1 << zeros) - 1 + self.unsigned(zeros)


class BitWriter:
    """Appends fields; every method returns the writer, so that fields read in a row."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def unsigned(self, value: int, bits: int) -> BitWriter:
        """A number of fixed length, u(n)."""
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{value} does not fit in {bits} bits")
        if bits:
            self._bits.append(f"{value:0{bits}b}")
        return self

    def flag(self, value: bool) -> BitWriter:
        return self.unsigned(int(value), 1)

    def exp_golomb(self, value: int) -> BitWriter:
        """A number of variable length, ue(v) (H.265, 9.2)."""
        return self.unsigned(value + 1, 2 * (value + 1).bit_length() - 1)

    def aligned(self) -> bytes:
        """All fields, zero bits up to the next whole byte."""
        bits = "".join(self._bits)
        return b"".join(int(bits[at : at + 8].ljust(8, "0"), 2).to_bytes(1, "big") for at in range(0, len(bits), 8))

    def stopped(self) -> bytes:
        """All fields, a one bit, zero bits up to the next whole byte (H.265, 7.3.2.11)."""
        return self.unsigned(1, 1).aligned()
