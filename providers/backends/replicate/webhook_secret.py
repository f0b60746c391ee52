"""The secret that Replicate signs its webhooks with: stored encrypted, and asked for anew."""

import logging
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers import keys
from providers.client import ProviderClient, UnreadableError
from providers.errors import Later, ProviderError
from providers.models import AIProviderConfig

from .errors import words_of
from .messages import Secret

log = logging.getLogger("ai_video.providers")
SECRET_KEPT, TRY_AGAIN = timedelta(hours=1), timedelta(minutes=10)


def secret_of(config: AIProviderConfig) -> str:
    """Return the stored signing secret; sends no request. Raises `Later` while it is unknown."""
    if config.webhook_secret_enc:
        try:
            return keys.decrypt(keys.WEBHOOK, config.webhook_secret_enc)
        except ProviderError:
            log.warning(
                "Replicate's signing secret cannot be read with this installation's "
                "secrets; it is asked for again"
            )
    raise Later(gettext_noop("Replicate's signing secret is not known yet."))


def refresh_secret(config: AIProviderConfig, line: ProviderClient, *, now: bool = False) -> bool:
    """Request the signing secret from Replicate and store it encrypted; return whether it is known.

    Uses the account's key. Called only by the application itself (periodic tasks, a call with a
    webhook, a connection test), never because of an external request. It requests at most every ten
    minutes, hourly once the secret is known; `now` requests in any case. Must not run inside a
    transaction.
    """
    moment = timezone.now()
    known = bool(config.webhook_secret_enc)
    waited = config.webhook_tried_at is None or moment - config.webhook_tried_at >= (
        SECRET_KEPT if known else TRY_AGAIN
    )
    if not (now or waited):
        return known
    rows = AIProviderConfig.objects.filter(pk=config.pk)
    rows.update(webhook_tried_at=moment)
    config.webhook_tried_at = moment
    try:
        answer = line.ask("GET", "/webhooks/default/secret")
        secret = answer.parsed(Secret).key if answer.ok else ""
    except (ProviderError, UnreadableError) as error:
        log.warning("Replicate does not give its signing secret: %s", error)
        return known
    if not secret:
        log.warning("Replicate does not give its signing secret: %s", words_of(answer))
        return known
    config.webhook_secret_enc, config.webhook_secret_at = keys.encrypt(keys.WEBHOOK, secret), moment
    rows.update(webhook_secret_enc=config.webhook_secret_enc, webhook_secret_at=moment)
    return True
