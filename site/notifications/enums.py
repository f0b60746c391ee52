"""What people and programs are told of, by which channel, and what became of a message."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Event(models.TextChoices):
    MENTION = "mention", _("Somebody mentions me in a comment")
    REPLY = "reply", _("Somebody answers a comment of mine")
    GUEST_COMMENT = "guest_comment", _("A guest comments")
    VERDICT = "verdict", _("The client decides on a film")
    TAKES_TO_REVIEW = "takes_to_review", _("There are takes to review")
    APPROVAL_WANTED = "approval_wanted", _("Paid work needs my approval")
    UNCLEAR_CALL = "unclear_call", _("A provider call may have been paid")
    BATCH_HALTED = "batch_halted", _("Production is halted by doubtful takes")
    FILM_READY = "film_ready", _("A film is ready")
    FILM_FAILED = "film_failed", _("A film could not be made")
    ASSIGNMENT = "assignment", _("Something is assigned to me")
    DUE = "due", _("Something assigned to me is due")
    BUDGET = "budget", _("50, 80 or 100 % of a budget is used")
    WEBHOOK_DISABLED = "webhook_disabled", _("A webhook was switched off")


class Channel(models.TextChoices):
    BELL = "bell", pgettext_lazy("channel", "Studio")
    EMAIL = "email", pgettext_lazy("channel", "E-mail")
    CHAT = "chat", pgettext_lazy("channel", "Chat")


class DeliveryState(models.TextChoices):
    """`unclear`: sent, perhaps; never sent again. `dropped`: not wanted any more."""

    PENDING = "pending", pgettext_lazy("message", "Waits to be sent")
    SENDING = "sending", pgettext_lazy("message", "Is being sent")
    SENT = "sent", pgettext_lazy("message", "Sent")
    FAILED = "failed", pgettext_lazy("message", "Failed")
    UNCLEAR = "unclear", pgettext_lazy("message", "May have been sent")
    DROPPED = "dropped", pgettext_lazy("message", "Not sent")


# What is sent by e-mail and chat to those who have chosen nothing. The bell shows everything.
USUALLY_SENT = frozenset(Event) - {Event.TAKES_TO_REVIEW, Event.GUEST_COMMENT}
# What programs are told of. The rest concerns one person only.
FOR_PROGRAMS = tuple(
    event for event in Event if event not in {Event.DUE, Event.WEBHOOK_DISABLED, Event.REPLY}
)
# An event in words where a person is not told, but a program: nobody is “me” there.
_FOR_PROGRAMS = {
    Event.MENTION: _("Somebody is mentioned in a comment"),
    Event.APPROVAL_WANTED: _("Paid work needs approval"),
    Event.ASSIGNMENT: _("A story or scene is assigned to somebody"),
}


def words_for_programs(event: Event) -> str:
    """What a webhook tells of, in the reader's language."""
    return str(_FOR_PROGRAMS.get(event, event.label))


OPEN_DELIVERY = (DeliveryState.PENDING, DeliveryState.SENDING)
