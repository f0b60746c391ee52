"""What the take of a settled call takes over from the call, whatever its kind."""

from typing import Any

from providers.models import ProviderCall
from stories.enums import TakeSource


def stored_result(call: ProviderCall, *, reason: str) -> dict[str, Any]:
    """The fields of `StoredTake`, except for the hash of what was asked for."""
    result = call.result or {}
    return {
        "source": TakeSource.GENERATED,
        "file": result["file"],
        "sha256": result["sha256"],
        "mime": result["mime"],
        "provider": call.provider_id,
        "model": call.model,
        "seed": result.get("seed"),
        "cost": call.cost or 0,
        "made_by": call.actor,
        "reason": reason,
    }
