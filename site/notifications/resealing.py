"""Encrypts the addresses of chats and webhooks, and signing secrets, with the newest secret."""

from . import chat, posting, webhooks
from .models import NotificationPreference, WebhookEndpoint


def reseal() -> int:
    """Encrypt them again; return of how many rows. Raises `RefusedError` for what no secret opens.

    Call it in a transaction.
    """
    done = 0
    for row in NotificationPreference.objects.select_for_update().exclude(chat_url_enc=""):
        row.chat_url_enc = _again(chat.PURPOSE, row.chat_url_enc)
        row.save(update_fields=["chat_url_enc"])
        done += 1
    for hook in WebhookEndpoint.objects.select_for_update():
        hook.url_enc = _again(webhooks.URL, hook.url_enc)
        hook.secret_enc = _again(webhooks.SECRET, hook.secret_enc)
        if hook.old_secret_enc:
            hook.old_secret_enc = _again(webhooks.SECRET, hook.old_secret_enc)
        hook.save(update_fields=["url_enc", "secret_enc", "old_secret_enc"])
        done += 1
    return done


def _again(purpose: str, encrypted: str) -> str:
    return posting.sealed(purpose, posting.opened(purpose, encrypted))
