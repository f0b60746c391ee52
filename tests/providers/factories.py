"""Rows of providers for tests that need one beside what they try."""

import uuid
from typing import Any

from providers.enums import CallState
from providers.models import ProviderCall


def make_call(**values: Any) -> ProviderCall:
    """A call that is being sent to the local provider, free of charge."""
    return ProviderCall.objects.create(
        **{
            "provider_id": "local",
            "kind": "image",
            "state": CallState.SENDING,
            "key": uuid.uuid4().hex,
            "request_hash": "h",
            "unit_price": 0,
            "units": 1,
            "estimate": 0,
            **values,
        }
    )
