"""A short-lived cache for expensive figures, shared by all processes that use the same Redis."""

import hashlib
from collections.abc import Callable

from django.core.cache import cache

SECONDS = 5
_nothing = object()


def cached[T](name: str, *marks: object, make: Callable[[], T]) -> T:
    """Return the result of `make`, or its result of the last SECONDS for the same marks.

    `marks` identify for whom and of what the value was computed; a change that must be visible at
    once must change one of them. While the cache is unavailable `make` is called each time. Without
    Redis each process has its own cache.
    """
    key = f"kept:{name}:{hashlib.sha256(repr(marks).encode()).hexdigest()}"
    found = cache.get(key, _nothing)
    if found is not _nothing:
        return found  # type: ignore[no-any-return]  # the cache forgets types
    answer = make()
    cache.set(key, answer, SECONDS)
    return answer
