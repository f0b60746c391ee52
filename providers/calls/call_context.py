"""A call as its adapter sees it."""

from collections.abc import Callable

from providers import prices
from providers import requests as asked
from providers.adapters import CallContext, ignore, never
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
    request = asked.from_json(call.request)
    # A clip that is not priced by the second is as long as the lengths of the model allow.
    seconds = 0
    if isinstance(request, ClipRequest):
        seconds = int(call.units) if call.units > 1 else request.seconds_of(model.durations)
    injects_faults = isinstance(config.settings, dict) and config.settings.get("faults")
    nth = 1
    if injects_faults:
        of_subject = ProviderCall.objects.filter(
            provider__provider=call.provider_id, kind=call.kind, subject=call.subject
        )
        nth = of_subject.filter(reserved_at__lt=call.reserved_at).count() + 1
    return CallContext(
        attempt=call.pk,
        model=model,
        subject=call.subject,
        units=call.units,
        estimate=call.estimate,
        seconds=seconds,
        nth=nth,
        validation_error=(before or {}).get("complaint", ""),
        should_stop=should_stop,
        on_progress=on_progress,
    )
