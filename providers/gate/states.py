"""Every change of a call's state: compare-and-set, with its event, in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from ground.clock import database_now
from ground.sentence import Sentence
from providers.enums import OVER, CallState
from providers.models import CallEvent, ProviderCall

ENDED = (CallState.SETTLED, *OVER)


def move(
    call: ProviderCall,
    *,
    name: str,
    expect: tuple[CallState, ...],
    to: CallState,
    actor: Any = None,
    reason: str = "",
    note: Sentence | None = None,
    only: Mapping[str, Any] | None = None,
    **fields: Any,
) -> CallState | None:
    """Bring the call from one of the expected states to another and write the event.

    Returns the state it was in; None when it was in none of the expected ones, and then nothing was written.

    A note of None keeps the present one. `only`: further values that the row must have. `call` shows the new state afterwards, also when somebody else made it.
    """
    values = dict(fields, state=to)
    if note is not None:
        values["note_data"] = note.as_json() if note else {}
    if to in ENDED:
        values.setdefault("ended_at", database_now())
    with transaction.atomic():
        came_from = next((s for s in expect if ProviderCall.objects.filter(pk=call.pk, state=s, **(only or {})).update(**values)), None)
        if came_from is not None:
            write_event(call, name=name, came_from=came_from, to=to, actor=actor, reason=reason, note=note)
    call.refresh_from_db()
    return came_from


def write_event(call: ProviderCall, *, name: str, came_from: str, to: str, actor: Any = None, reason: str = "", note: Sentence | None = None) -> CallEvent:
    return CallEvent.objects.create(
        call=call, name=name, from_state=came_from, to_state=to, actor=actor, reason=reason[:500], note_data=note.as_json() if note else {}
    )
