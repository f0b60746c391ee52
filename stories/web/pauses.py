"""Pauses that affect a story, shown on its pages as well as on the queue page."""

from typing import NamedTuple

from django.db.models import JSONField, Value
from django.utils.translation import gettext as _

from jobs.models import Pause
from providers.models import AIProviderConfig, reason_of
from stories.enums import JobName
from stories.models import Story


class Standstill(NamedTuple):
    what: str
    why: str


def pauses_of(story: Story) -> list[Standstill]:
    """The pauses of the queue and of the story's providers. One query."""
    providers = {story.planner_provider, story.image_provider, story.clip_provider}
    providers.add(story.vision_provider)
    jobs = Pause.objects.filter(name__in=["", *JobName.values]).order_by()
    paused = AIProviderConfig.objects.filter(provider__in=providers, is_paused=True).order_by()
    none = Value({}, output_field=JSONField())
    rows = jobs.values_list(Value(value=False), "name", "reason", none).union(
        paused.values_list(Value(value=True), "name", "pause_reason", "pause_note_data"), all=True
    )
    return [
        Standstill(_message(name, of_provider=bool(of_provider)), str(reason_of(reason, note)))
        for of_provider, name, reason, note in sorted(rows, key=lambda row: row[:3])
    ]


def _message(name: str, *, of_provider: bool) -> str:
    if of_provider:
        return _("%(provider)s is paused.") % {"provider": name}
    if name:
        return _("“%(job)s” is paused for all stories.") % {"job": JobName(name).label}
    return _("The queue is paused: nothing is made.")
