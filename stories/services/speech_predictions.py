"""Asks providers that predict it for nothing how long lines will be, before anything is paid.

A job asks, never a page. A line is asked about once for each version of its words and its voice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from jobs.outcomes import JobStopped
from jobs.run import Run
from providers.errors import NotNow, ProviderError
from providers.models import AIProviderConfig
from providers.prices import configs_of
from providers.registry import predicts_speech
from providers.speech_lengths import predicted_ms
from stories.enums import SoundKind, StoryStatus
from stories.models import SpeechPrediction, Story

from .sound_items import SoundItem
from .sound_plan import plan_sound


@dataclass(slots=True)
class Predicted:
    """How many lines were asked about, and the rate limit that the others wait for."""

    lines: int = 0
    later: NotNow | None = None


def unpredicted(story: Story) -> list[tuple[SoundItem, AIProviderConfig]]:
    """The lines that are still to be spoken by voices whose provider predicts, and has not yet."""
    todo = [item for item in plan_sound(story).items if item.kind == SoundKind.SPEECH and item.will]
    configs = _predicting({item.provider for item in todo})
    if not configs:
        return []
    known = set(SpeechPrediction.objects.filter(story=story).values_list("input_hash", flat=True))
    found = {item.input_hash: item for item in todo if item.input_hash not in known}
    return [(item, configs[item.provider]) for item in found.values() if item.provider in configs]


def _predicting(providers: Iterable[str]) -> dict[str, AIProviderConfig]:
    return {
        name: config
        for name, config in configs_of(set(providers) - {"local"}).items()
        if predicts_speech(config)
    }


def predict(story: Story, run: Run) -> Predicted:
    """Ask about the story's new lines one after the other, also those that come meanwhile.

    A provider that does not answer, or is not in use, is asked again after the next change. Raises
    JobStopped.
    """
    found, away = Predicted(), set[str]()
    if story.status == StoryStatus.ARCHIVED:
        return found
    while todo := [one for one in unpredicted(story) if one[1].provider not in away]:
        for item, config in todo:
            if run.should_stop():
                raise JobStopped
            if config.provider in away:
                continue
            try:
                _ask(story, item, config, run)
            except NotNow as later:
                away.add(config.provider)
                if later.wait == "rate_limit":
                    found.later = later
            except ProviderError as error:
                away.add(config.provider)
                run.log(error.sentence)
            else:
                found.lines += 1
    return found


def _ask(story: Story, item: SoundItem, config: AIProviderConfig, run: Run) -> None:
    length = predicted_ms(config, item.request)
    with transaction.atomic():
        run.hold()
        SpeechPrediction.objects.get_or_create(
            story=story,
            input_hash=item.input_hash,
            defaults={"provider": config.provider, "duration_ms": length},
        )
