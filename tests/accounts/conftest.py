"""The example API of the framework's tests, with a person who may use it."""

from tests.api.framework.conftest import api, nobody, quick_passwords, urls, user

__all__ = ["api", "nobody", "quick_passwords", "urls", "user"]
