"""The people's own book of what they ordered, decided, and came upon."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.core.exceptions import ObjectDoesNotExist

from core.localized_messages import DomainError

from .books import Ordered


class Notebook:
    """Shared by all people."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.deciding = threading.Lock()  # held by the person who decides on an unclear call
        self.orders: list[Ordered] = []
        self.decided: dict[str, str] = {}  # call to the provider's work that a person found for it
        self.done: Counter[str] = Counter()
        self.crashes: list[str] = []

    @contextmanager
    def ordering(self) -> Iterator[list[str]]:
        """Fill the list with the pieces of work; they count as ordered unless it is refused in
        words.
        """
        pieces: list[str] = []
        began = datetime.now(UTC)
        try:
            yield pieces
        except (DomainError, ObjectDoesNotExist):
            raise
        except Exception:
            self._write(pieces, began)
            raise
        self._write(pieces, began)

    def _write(self, pieces: Iterable[str], began: datetime) -> None:
        with self.lock:
            self.orders += [Ordered(piece, began, datetime.now(UTC)) for piece in pieces]


def words() -> str:
    """Words that occur once, so that a provider's work can be recognized by them."""
    return f"a lighthouse at the sea, piece {uuid.uuid4().hex[:12]}"


def korean_words() -> str:
    return f"바닷가의 등대, 조각 {uuid.uuid4().hex[:12]}"


def short_words() -> str:
    """Words of a line, spoken within two seconds."""
    return f"Sea {uuid.uuid4().hex[:12]}."
