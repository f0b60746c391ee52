"""Random numbers that are the same for the same words and seed."""

import hashlib
from collections.abc import Sequence

import numpy as np


class Dice:
    """Random numbers in a fixed order.

    `apart(name)` returns an independent generator, so that the numbers drawn for one part do not
    affect another.
    """

    def __init__(self, *words: object) -> None:
        self.words = words
        key = hashlib.sha256("\0".join(map(str, words)).encode()).digest()
        self.numbers = np.random.default_rng(int.from_bytes(key[:16], "big"))

    def apart(self, name: str) -> "Dice":
        return Dice(*self.words, name)

    def between(self, low: float, high: float) -> float:
        return float(self.numbers.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """Return an integer from low to high, both inclusive."""
        return int(self.numbers.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        return bool(self.numbers.random() < share)

    def side(self) -> int:
        return 1 if self.chance(0.5) else -1

    def pick[T](self, things: Sequence[T]) -> T:
        return things[int(self.numbers.integers(len(things)))]
