"""Asks a provider for nothing how long a speech will be, within the limits of its key.

Nothing of this is paid or written into the ledger.
"""

from typing import Any

from .calls import limits, outcomes
from .enums import Refusal
from .errors import Refused
from .models import AIProviderConfig
from .prices import model_name, model_row, spec_from
from .registry import adapter_for
from .requests import SpeechRequest


def predicted_ms(config: AIProviderConfig, request: SpeechRequest) -> int | None:
    """Return the predicted length; None if the provider predicts none for this request.

    The question counts like a call, also if it is not answered. Call it outside of a transaction.
    Raises `NotNow` if the provider is not in use, its limits are reached or it asks for a pause,
    which then holds for its calls as well; `Later` if it does not answer, or `NotConfigured`.
    """
    row = model_row(config, request)
    adapter: Any = adapter_for(config)
    model = spec_from(row, model_name(config, request, row))
    limits.count_question(config.provider)
    try:
        length: int | None = adapter.predicted_ms(request, model)
    except Refused as refused:
        if refused.kind == Refusal.LIMIT:
            raise outcomes.pause_for_limit(config, refused) from refused
        return None  # nor would it be spoken, which the plan says
    return length
