"""When providers are asked how long lines will be: after a change of the words or the voices."""

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from jobs.services import queue
from providers import registry
from providers.models import AIProviderConfig
from stories.enums import JobName
from stories.models import Story, StorySound, Voice

from .job_data import data

if TYPE_CHECKING:
    from uuid import UUID


def predict_on_commit(story_id: "UUID | str") -> None:
    """After the commit, have a job ask how long the story's new lines will be.

    At most one is open for a story. If the process dies in between, the next change asks.
    """
    transaction.on_commit(partial(_enqueue, story_id), robust=True)


def _enqueue(story_id: "UUID | str") -> None:
    voices = Voice.objects.filter(story_id=story_id).exclude(provider="local")
    configs = AIProviderConfig.objects.filter(
        provider__in=voices.values("provider"), is_active=True
    )
    if not any(registry.predicts_speech(config) for config in configs):
        return
    story = Story.objects.filter(pk=story_id).select_related("owner").first()
    if story is None or not StorySound.objects.filter(story=story, enabled=True).exists():
        return
    name = JobName.SPEECH_LENGTHS
    queue.enqueue(
        name,
        data=data(story.pk, name, {}),
        subject=str(story.pk),
        item=str(story.pk),
        owner=story.owner,
        priority=2,
        unique_key=f"{name}:{story.pk}",
    )
