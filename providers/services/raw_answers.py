"""Recovers the result of a call from its stored response that could not be parsed."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media.file_types import is_audio, what
from providers import ingest, raw_answer_store
from providers import requests as asked
from providers.adapters import Accepted, Bytes, Result
from providers.calls.call_context import call_context_of
from providers.enums import AUDIO_KINDS, CallState, Kind
from providers.errors import Conflict, Invalid, KeyUnreadable, Later, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.signals import result_recorded
from providers.store import workplace

from . import unclear_calls

NO_STORED_ANSWER = gettext_noop("No answer to this call was stored.")


def recover(call: ProviderCall, *, actor: Any, reason: str) -> ProviderCall:
    """Parse the stored response again, leniently.

    Its image, clip or text becomes the result, or its task is polled. The response is shown to
    nobody. Raises `Forbidden`, `Invalid` (no reason, nothing stored, nothing found in it) or
    `Conflict` (the call is no longer unclear). Must not run inside a transaction.
    """
    unclear_calls.require_right(actor, reason)
    if call.state != CallState.UNCLEAR:
        raise no_longer_unclear(call)
    kept = getattr(call, "raw_answer", None)
    if kept is None:
        raise Invalid(NO_STORED_ANSWER, field="decision")
    try:
        raw = raw_answer_store.read(kept)
    except KeyUnreadable as error:
        raise Invalid(error.sentence.template, field="decision", **error.sentence.values) from error
    found = _found(call, raw)
    if isinstance(found, Accepted):
        return unclear_calls.attach_task(call, actor=actor, reason=reason, task_id=found.task_id)
    return _settle(call, found, actor=actor, reason=reason)


def _found(call: ProviderCall, raw: bytes) -> Accepted | Result:
    """Return what the response holds: the file itself, or what the adapter finds in it."""
    if call.kind in {Kind.IMAGE, Kind.CLIP} and what(raw[:512]) in {"image", "video"}:
        return Result(media=Bytes(raw))
    if call.kind in AUDIO_KINDS and is_audio(raw[:512]):
        return Result(media=Bytes(raw))
    config = AIProviderConfig.objects.get(provider=call.provider_id)
    return adapter_for(config).recover(
        raw, asked.from_json(call.request), call_context_of(call, config)
    )


def _settle(call: ProviderCall, found: Result, *, actor: Any, reason: str) -> ProviderCall:
    try:
        with workplace() as folder:
            result = ingest.ingest(
                found, asked.from_json(call.request), folder, should_stop=lambda: False, as_is=True
            )
    except (Later, Refused, Unclear) as error:
        raise Invalid(error.sentence.template, field="decision", **error.sentence.values) from error
    cost = call.counted if found.cost is None else found.cost
    fields: dict[str, Any] = {
        "result": result,
        "cost": cost,
        "cost_is_estimated": cost > Decimal(0),
        "progress": 100,
        "refusal": "",
    }
    note = LocalizedMessage(gettext_noop("A person had the kept answer read once more."))
    with transaction.atomic():
        unclear_calls.resolve(call, name="recover", actor=actor, reason=reason, note=note, **fields)
        transaction.on_commit(lambda: result_recorded.send_robust(sender=ProviderCall, call=call))
    return call


def no_longer_unclear(call: ProviderCall) -> Conflict:
    return Conflict(
        gettext_noop("The call is no longer unclear: it is now “%(state)s”."),
        state=CallState(call.state).label,
    )
