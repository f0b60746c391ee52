"""What stands still for a story because somebody has paused it: said where its people look, not only in the queue."""

from typing import NamedTuple

from django.db.models import Value
from django.utils.translation import gettext as _

from jobs.models import Pause
from providers.models import AIProviderConfig
from stories.enums import JobName
from stories.models import Story


class Standstill(NamedTuple):
    what: str
    why: str


def pauses_of(story: Story) -> list[Standstill]:
    """The pauses of the queue and of the story's providers; one query."""
    providers = {story.planner_provider, story.image_provider, story.clip_provider}
    jobs = Pause.objects.filter(name__in=["", *JobName.values]).order_by().values_list(Value(value=False), "name", "reason")
    paused = AIProviderConfig.objects.filter(provider__in=providers, is_paused=True)
    rows = jobs.union(paused.order_by().values_list(Value(value=True), "name", "pause_reason"), all=True)
    return [Standstill(_said(name, of_provider=bool(of_provider)), why) for of_provider, name, why in sorted(rows)]


def _said(name: str, *, of_provider: bool) -> str:
    if of_provider:
        return _("%(provider)s is paused.") % {"provider": name}
    if name:
        return _("“%(job)s” is paused for all stories.") % {"job": JobName(name).label}
    return _("The queue is paused: nothing is made.")
