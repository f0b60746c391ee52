"""The paid provider and the clock of the providers' tests, for whole stories."""

from tests.providers.conftest import clock, paid, script

__all__ = ["clock", "paid", "script"]
