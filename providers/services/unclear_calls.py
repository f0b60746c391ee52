"""A person's decisions about calls whose outcome is unknown.

Each function changes the state, records the reason, and notifies waiting work.
"""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from core import visible
from core.clock import database_now
from core.localized_messages import LocalizedMessage
from providers import requests as asked
from providers.adapters import Candidate
from providers.calls import limits
from providers.calls.call_context import call_context_of
from providers.calls.states import move
from providers.enums import CallState, Refusal
from providers.errors import Conflict, Forbidden, Invalid
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.signals import capacity_freed

PERMISSION = "providers.resolve_call"
MAX_TASK_ID = 120


def candidates(call: ProviderCall) -> list[Candidate]:
    """Return tasks at the provider that may be this call's, newest first.

    The list is empty if the provider keeps none. Calls the provider, which is free. Must not run
    inside a transaction. Raises `Later` if the provider cannot be reached.
    """
    config = AIProviderConfig.objects.get(provider=call.provider_id)
    since = (call.sending_at or call.reserved_at) - timedelta(minutes=1)
    known = set(
        ProviderCall.objects.filter(provider=config)
        .exclude(task_id="")
        .values_list("task_id", flat=True)
    )
    found = adapter_for(config).candidates(
        asked.from_json(call.request), call_context_of(call, config), since=since
    )
    return [candidate for candidate in found if candidate.task_id not in known]


def attach_task(call: ProviderCall, *, actor: Any, reason: str, task_id: str) -> ProviderCall:
    """Record that the call was done as this task; the provider is polled for result and cost.

    Raises `Forbidden`, `Invalid` (no reason, no id, or an id that another call has), `Conflict` (no
    longer unclear).
    """
    task_id = task_id.strip()
    if not task_id or len(task_id) > MAX_TASK_ID:
        raise Invalid(gettext_noop("Enter the id of the task at the provider."), field="task_id")
    now = database_now()
    return resolve(
        call,
        name="attach task",
        actor=actor,
        reason=reason,
        note=LocalizedMessage(""),
        task_id=task_id,
        accepted_at=now,
        poll_after=now,
    )


def not_charged(call: ProviderCall, *, actor: Any, reason: str) -> ProviderCall:
    """Record that the call was not done.

    The amount is released, and the work may be requested again. Raises as `attach_task`.
    """
    note = LocalizedMessage(gettext_noop("A person found that it was not charged."))
    return resolve(
        call,
        name="not charged",
        actor=actor,
        reason=reason,
        note=note,
        refusal=Refusal.CANCELLED,
        cost=0,
    )


def write_off(call: ProviderCall, *, actor: Any, reason: str) -> ProviderCall:
    """Record that the call was paid and its result is lost.

    The unconfirmed amount becomes its cost, and the work may be requested again. Raises as
    `attach_task`.
    """
    note = LocalizedMessage(gettext_noop("A person wrote it off."))
    return resolve(
        call,
        name="write off",
        actor=actor,
        reason=reason,
        note=note,
        cost=call.counted,
        cost_is_estimated=True,
    )


def require_right(actor: Any, reason: str) -> None:
    """Raise `Forbidden`, or `Invalid` if there is no reason."""
    if not actor.is_active or not actor.has_perm(PERMISSION):
        raise Forbidden(gettext_noop("You may not decide on unclear calls."))
    if not visible.is_visible(reason):
        raise Invalid(gettext_noop("Give a reason."), field="reason")


def resolve(
    call: ProviderCall, *, name: str, actor: Any, reason: str, note: LocalizedMessage, **fields: Any
) -> ProviderCall:
    """Record a person's decision, once. Raises `Forbidden`, `Invalid` or `Conflict`."""
    require_right(actor, reason)
    try:
        with transaction.atomic():
            limits.lock(call.provider_id)  # serializes the decisions about a provider's calls
            if task_id := fields.get("task_id"):
                _require_unknown(call, task_id)
            if not move(call, name=name, actor=actor, reason=reason.strip(), note=note, **fields):
                raise Conflict(
                    gettext_noop("The call is no longer unclear: it is now “%(state)s”."),
                    state=CallState(call.state).label,
                )
            transaction.on_commit(
                lambda: capacity_freed.send_robust(
                    sender=ProviderCall,
                    provider=call.provider_id,
                    subject=call.subject,
                    item=call.item,
                )
            )
    except IntegrityError as error:  # a response named this task at the same moment
        raise _foreign(fields["task_id"]) from error
    return call


def _foreign(task_id: str) -> Invalid:
    return Invalid(
        gettext_noop("The task %(task)s belongs to another call."), field="task_id", task=task_id
    )


def _require_unknown(call: ProviderCall, task_id: str) -> None:
    """Require that no other call has this task.

    Checked under the lock; a constraint covers responses that arrive at the same moment.
    """
    if (
        ProviderCall.objects.filter(provider__provider=call.provider_id, task_id=task_id)
        .exclude(pk=call.pk)
        .exists()
    ):
        raise _foreign(task_id)
