"""Kinds of provider requests, and the states and refusals of a call."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    TEXT = "text", _("Text")
    IMAGE = "image", _("Picture")
    CLIP = "clip", _("Clip")
    SPEECH = "speech", _("Speech")
    MUSIC = "music", _("Music")
    SOUND = "sound", _("Sound effect")


# The kinds whose result is a sound file.
AUDIO_KINDS = frozenset({Kind.SPEECH, Kind.MUSIC, Kind.SOUND})


class BillSource(models.TextChoices):
    """Where the amounts of a bill come from."""

    FILE = "file", _("File")
    USAGE = "usage", _("Usage reported by the provider")


class Unit(models.TextChoices):
    """What a price is charged for."""

    IMAGE = "image", _("a picture")
    SECOND = "second", _("a second of video")
    CALL = "call", _("a call")
    CHARACTERS = "characters", _("1,000 characters")
    MINUTE = "minute", _("a minute of sound")


class CallState(models.TextChoices):
    """States of a call.

    reserved → sending → accepted → settled | refused | unclear; unclear → settled | refused |
    written_off by a person.
    """

    RESERVED = "reserved", _("Reserved")
    SENDING = "sending", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    SETTLED = "settled", _("Settled")
    REFUSED = "refused", _("Refused")
    UNCLEAR = "unclear", _("Needs checking")
    WRITTEN_OFF = "written_off", _("Written off")


# "Running" for a plan: money is bound, nothing is decided, and a result may still arrive.
RUNNING_CALL = (CallState.RESERVED, CallState.SENDING, CallState.ACCEPTED)
# A call in one of these states rules out a second call for the same work.
UNDECIDED_CALL = (*RUNNING_CALL, CallState.UNCLEAR)
OPEN_CALL = (CallState.RESERVED, CallState.SENDING, CallState.ACCEPTED)
AT_RISK = (CallState.SENDING, CallState.ACCEPTED, CallState.UNCLEAR)
OVER = (CallState.REFUSED, CallState.WRITTEN_OFF)


class Refusal(models.TextChoices):
    """Why a provider did not do the work. Nothing was paid unless the call has a cost."""

    INVALID = "invalid", _("Invalid request")
    MODERATED = "moderated", _("Content refused")
    KEY = "key", _("Key refused")
    CREDITS = "credits", _("Out of credits")
    LIMIT = "limit", _("Rate limit")
    UNREACHABLE = "unreachable", _("Not reachable")
    MEMORY = "memory", _("Too little memory")
    FAILED = "failed", _("Failed at the provider")
    CANCELLED = "cancelled", _("Cancelled")
    PRICE = "price", _("Price above what was confirmed")
