"""Replicate's webhooks: signed, and only a hint. What they say is believed only after asking Replicate itself."""

import base64
import binascii
import hashlib
import hmac
import logging
import uuid
from collections.abc import Mapping

import msgspec
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_noop

from providers import keys
from providers import requests as asked
from providers.adapters import Accepted
from providers.enums import CallState
from providers.errors import Forbidden, Later, ProviderError
from providers.gate import outcome
from providers.gate.flow import errand_of
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import freed

from .adapter import ReplicateAdapter, matches
from .errors import words_of
from .wire import Prediction, Secret

log = logging.getLogger("ai_video.providers")
OLDEST = 300  # seconds
SECRET_KEPT = 3600
SEEN_KEPT = 3600


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message that Replicate signed within the last five minutes. Raises `Forbidden`."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        fresh = abs(timezone.now().timestamp() - int(stamp)) <= OLDEST
    except (binascii.Error, ValueError):
        fresh = False
    if fresh and message_id and key:
        right = base64.b64encode(hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
        given = [entry.removeprefix("v1,") for entry in headers.get("webhook-signature", "").split() if entry.startswith("v1,")]
        if any(hmac.compare_digest(right, signature) for signature in given):
            return message_id
    raise Forbidden(gettext_noop("The webhook is not signed by Replicate."))


def receive(headers: Mapping[str, str], body: bytes, *, attempt: str = "") -> None:
    """Take the hint: a call that waits is asked about now, one whose answer was lost learns its task.

    Raises `Forbidden` for a wrong signature, `Later` when Replicate cannot be asked (it sends the webhook again then).
    """
    config = AIProviderConfig.objects.get(provider="replicate")
    message_id = verify(secret_of(config), headers, body)
    if cache.get(f"replicate-webhook:{message_id}"):
        return
    try:
        prediction = msgspec.json.decode(body, type=Prediction)
    except msgspec.MsgspecError:
        log.warning("Replicate sent a webhook that cannot be read")
        return
    _hint(config, prediction.id, attempt)
    cache.set(f"replicate-webhook:{message_id}", 1, SEEN_KEPT)


def _hint(config: AIProviderConfig, task_id: str, attempt: str) -> None:
    found = ProviderCall.objects.filter(provider=config, task_id=task_id).first() or _lost(config, attempt)
    if found is None:
        log.warning("Replicate told about a prediction that nobody here asked for")
        return
    if found.state in {CallState.SENDING, CallState.UNCLEAR} and not found.task_id:
        prediction = ReplicateAdapter(config).fetch(task_id)
        # The attempt in the address is not part of what is signed.
        if prediction.input is not None and not matches(prediction, asked.from_json(found.request), errand_of(found, config)):
            log.warning("Replicate's prediction %s was not asked for by call %s", task_id, found.pk)
            return
        outcome.accept(found, Accepted(prediction.id, poll_in=0))
    elif ProviderCall.objects.filter(pk=found.pk, state=CallState.ACCEPTED).update(poll_after=timezone.now()):
        freed.send_robust(sender=ProviderCall, provider=config.provider, subject=found.subject, item=found.item)


def _lost(config: AIProviderConfig, attempt: str) -> ProviderCall | None:
    try:
        return ProviderCall.objects.filter(provider=config, pk=uuid.UUID(attempt), task_id="").first()
    except ValueError:
        return None


def secret_of(config: AIProviderConfig) -> str:
    """The signing secret, asked for with the account's key and kept sealed for an hour. Raises `Later`."""
    if sealed := cache.get("replicate-webhook-secret"):
        try:
            return keys.unseal("replicate webhook", sealed)
        except ProviderError:
            pass  # the house's secrets were changed meanwhile
    answer = ReplicateAdapter(config).line.ask("GET", "/webhooks/default/secret")
    if not answer.ok:
        raise Later(gettext_noop("Replicate does not give its signing secret: %(words)s"), words=words_of(answer))
    try:
        secret = answer.parsed(Secret).key
    except msgspec.MsgspecError as error:
        raise Later(gettext_noop("Replicate does not give its signing secret: %(words)s"), words=answer.text) from error
    cache.set("replicate-webhook-secret", keys.seal("replicate webhook", secret), SECRET_KEPT)
    return secret
