"""A call as its adapter sees it."""

from collections.abc import Callable

from providers import prices
from providers import requests as asked
from providers.adapters import CallContext, ModelSpec, ignore, never
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import ClipRequest


def call_context_of(
    call: ProviderCall,
    config: AIProviderConfig,
    *,
    should_stop: Callable[[], bool] = never,
    on_progress: Callable[[int], None] = ignore,
) -> CallContext:
    """Return the call as its adapter sees it."""
    before = (
        ProviderCall.objects.filter(key=call.key, attempt_no=call.attempt_no - 1)
        .values_list("evidence", flat=True)
        .first()
    )
    model = prices.spec_of(config, kind=call.kind, model=call.model)
    injects_faults = isinstance(config.settings, dict) and config.settings.get("faults")
    return CallContext(
        attempt=call.pk,
        model=model,
        subject=call.subject,
        units=call.units,
        estimate=call.estimate,
        seconds=_seconds(call, model),
        nth=_nth(call) if injects_faults else 1,
        validation_error=(before or {}).get("complaint", ""),
        should_stop=should_stop,
        on_progress=on_progress,
    )


def _seconds(call: ProviderCall, model: ModelSpec) -> int:
    """Return the reserved clip length in seconds.

    If the clip is not priced by the second, it follows from the lengths that the model supports.
    """
    request = asked.from_json(call.request)
    if not isinstance(request, ClipRequest):
        return 0
    return int(call.units) if call.units > 1 else prices.seconds_for(request, model.durations)


def _nth(call: ProviderCall) -> int:
    earlier = ProviderCall.objects.filter(
        provider__provider=call.provider_id, kind=call.kind, subject=call.subject
    )
    return earlier.filter(reserved_at__lt=call.reserved_at).count() + 1
