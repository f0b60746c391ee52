"""Asks a provider for nothing how long a speech will be, within the limits of its key.

Nothing of this is paid or written into the ledger.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .calls import limits
from .errors import Refused
from .models import AIProviderConfig
from .prices import model_name, model_row, spec_from
from .registry import adapter_for
from .requests import SpeechRequest


def predicted_ms(
    config: AIProviderConfig, request: SpeechRequest, *, asked_since: Callable[[datetime], int]
) -> int | None:
    """Return the predicted length; None if the provider predicts none for this request.

    `asked_since` returns how many such questions were asked since then; they count like calls.
    Raises `NotNow` if the provider is not in use or its limits are reached, `Later` if it does not
    answer, or `NotConfigured`.
    """
    limits.check_usable(config)
    limits.check_limits(config, questions_since=asked_since)
    row = model_row(config, request)
    adapter: Any = adapter_for(config)
    try:
        length: int | None = adapter.predicted_ms(
            request, spec_from(row, model_name(config, request, row))
        )
    except Refused:  # nor would it be spoken, which the plan says
        return None
    return length
