"""Damage: files in which a bit is not what was written, as disks and cables make it."""

from pathlib import Path

__all__ = ["flip"]


def flip(path: Path, bit: int | None = None) -> None:
    """Flip one bit in place, by default in the middle; the second time mends it."""
    size = path.stat().st_size
    place, bit_of_byte = divmod(size * 4 if bit is None else bit, 8)
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ (1 << bit_of_byte)]))
