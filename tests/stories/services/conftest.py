"""Changes of stories lock tables in the documented order."""

import pytest

from tests.lock_order import LockOrder


@pytest.fixture(autouse=True)
def locks_in_order(lock_order: LockOrder) -> LockOrder:
    return lock_order
