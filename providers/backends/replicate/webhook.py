"""Replicate's webhooks: signed, and used as hints only.

Their content is trusted only after querying Replicate itself.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import re
import uuid
from collections.abc import Mapping

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_noop

from providers import keys
from providers import requests as asked
from providers.adapters import Accepted
from providers.calls import outcomes
from providers.calls.call_context import call_context_of
from providers.client import UnreadableError
from providers.enums import OVER, CallState
from providers.errors import Forbidden, Later
from providers.lenient_decoding import decoded, read
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import capacity_freed

from . import webhook_secret
from .adapter import ReplicateAdapter, matches
from .messages import Prediction
from .webhook_secret import secret_of

log = logging.getLogger("ai_video.providers")
OLDEST = 300  # seconds
SEEN_KEPT = 3600
MOST_DIGITS, MOST_SIGNATURES = 12, 2000  # characters
MESSAGE_ID = re.compile(r"[!-~]{1,200}")
SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")  # base64 of 32 bytes
UNSIGNED = gettext_noop("The webhook is not signed by Replicate.")


def require_form(headers: Mapping[str, str]) -> None:
    """Raise `Forbidden` for a request that cannot be a webhook of Replicate.

    It has no id, an old or invalid timestamp, or no signature. Checked before anything is looked
    up.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    is_dated = (
        stamp.isascii()
        and stamp.isdigit()
        and len(stamp) <= MOST_DIGITS
        and abs(timezone.now().timestamp() - int(stamp)) <= OLDEST
    )
    if not (MESSAGE_ID.fullmatch(message_id) and is_dated and _signatures(headers)):
        raise Forbidden(UNSIGNED)


def _signatures(headers: Mapping[str, str]) -> list[bytes]:
    """Return the signatures that have a valid format."""
    header = headers.get("webhook-signature", "")[:MOST_SIGNATURES]
    return [entry[3:].encode() for entry in header.split() if SIGNATURE.fullmatch(entry)]


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the id of a message that Replicate signed within the last five minutes.

    Raises `Forbidden`.
    """
    require_form(headers)
    message_id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    right = base64.b64encode(
        hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    )
    if key and any(hmac.compare_digest(right, given) for given in _signatures(headers)):
        return message_id
    raise Forbidden(UNSIGNED)


def receive(headers: Mapping[str, str], body: bytes, *, attempt: str = "") -> None:
    """Process a webhook: poll a waiting call now, or give a call whose response was lost its task.

    Raises `Forbidden` for a wrong signature, `Later` if it cannot be verified or Replicate cannot
    be reached (Replicate then sends the webhook again). Nothing is queried before the signature is
    verified.
    """
    require_form(headers)
    configs, message_id = _senders(headers, body)
    if cache.get(f"replicate-webhook:{message_id}"):
        return
    try:
        prediction = read(decoded(body), Prediction)
    except UnreadableError:
        log.warning("Replicate sent a webhook that cannot be read")
        return
    _hint(configs, prediction.id, attempt)
    cache.set(f"replicate-webhook:{message_id}", 1, SEEN_KEPT)


def _senders(headers: Mapping[str, str], body: bytes) -> tuple[list[AIProviderConfig], str]:
    """Return the connections whose secret the message is signed with, and the message's id.

    Connections to the same account share its secret. Raises `Forbidden`, or `Later` while the
    secret of a connection in use is not known.
    """
    failure: Forbidden | Later = Forbidden(UNSIGNED)
    found, message_id = [], ""
    for config in AIProviderConfig.objects.filter(kind="replicate").order_by("pk"):
        try:
            message_id = verify(secret_of(config), headers, body)
            found.append(config)
        except Forbidden:
            continue
        except Later as error:
            failure = error if config.is_active else failure
    if not found:
        raise failure
    return found, message_id


# Includes calls that a person has resolved meanwhile: the prediction that Replicate signs is the
# actual outcome.
MAY_BE_LOST = (CallState.SENDING, CallState.UNCLEAR, *OVER)


def _hint(configs: list[AIProviderConfig], task_id: str, attempt: str) -> None:
    found = ProviderCall.objects.filter(provider__in=configs, task_id=task_id).first() or _lost(
        configs, attempt
    )
    if found is None:
        log.warning("Replicate told about a prediction that nobody here asked for")
        return
    config = found.provider
    if found.state in MAY_BE_LOST and not found.task_id:
        prediction = ReplicateAdapter(config).fetch(task_id)
        # The attempt in the URL is not part of the signed content.
        if prediction.input is not None and not matches(
            prediction, asked.from_json(found.request), call_context_of(found, config)
        ):
            log.warning("Replicate's prediction %s was not asked for by call %s", task_id, found.pk)
            return
        outcomes.accept(found, Accepted(prediction.id, poll_in=0))
    elif ProviderCall.objects.filter(pk=found.pk, state=CallState.ACCEPTED).update(
        poll_after=timezone.now()
    ):
        capacity_freed.send_robust(
            sender=ProviderCall, provider=config.provider, subject=found.subject, item=found.item
        )


def _lost(configs: list[AIProviderConfig], attempt: str) -> ProviderCall | None:
    try:
        return ProviderCall.objects.filter(
            provider__in=configs, pk=uuid.UUID(attempt), task_id=""
        ).first()
    except ValueError:
        return None


def refresh_secret(config: AIProviderConfig) -> bool:
    """Ask Replicate for the connection's signing secret; return whether it is known."""
    return webhook_secret.refresh_secret(config, ReplicateAdapter(config).line)


def refresh_webhook_secret() -> None:
    """Periodic task: fetch each account's secret before its first webhook arrives."""
    for config in AIProviderConfig.objects.filter(kind="replicate", is_active=True):
        if keys.has_key(config) and ReplicateAdapter(config).settings.webhook_url:
            refresh_secret(config)
