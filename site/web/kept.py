"""Figures that are dear to count and that many look at: counted once in a few seconds, for all processes that share a Redis."""

import hashlib
from collections.abc import Callable

from django.core.cache import cache

SECONDS = 5
_nothing = object()


def kept[T](name: str, *marks: object, make: Callable[[], T]) -> T:
    """What `make` answers, or answered within the last SECONDS for the same marks.

    `marks` say for whom and of what it was counted: whatever has to be seen at once must change one of them. While the
    cache is away `make` is asked each time. Without Redis each process keeps its own.
    """
    key = f"kept:{name}:{hashlib.sha256(repr(marks).encode()).hexdigest()}"
    found = cache.get(key, _nothing)
    if found is not _nothing:
        return found  # type: ignore[no-any-return]  # the cache forgets types
    answer = make()
    cache.set(key, answer, SECONDS)
    return answer
