"""The tracks of a film's sound as files of their own, which the mixer plays together.

They have the mixer's own levels and music that is not lowered under speech, so that a browser can
apply any levels to them. A change of levels needs no other stems.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

from django.db import transaction

from jobs.run import Run
from media.audio.mix import MIXER, Levels
from media.audio.stems import stems
from providers.store import save_as
from stories.models import Story, StorySound
from stories.services.plan import load_scenes

from .segments import fetch, work_folder
from .sound import FilmSound, sound_of, tracks_of

ROOM_TONE = "room_tone"
LEVELS = Levels(duck_db=0.0, room_tone=float("-inf"))


def stems_key(sound: FilmSound) -> str:
    """Identifies the stems: what is heard when, whatever its levels."""
    settings = sound.settings
    plain = StorySound(
        story_id=settings.story_id,
        mood=settings.mood,
        music_take=settings.music_take,
        music_from=settings.music_from,
        music_until=settings.music_until,
    )
    heard = replace(sound, settings=plain).manifest()
    frames = [*sound.frames.values(), *(sound.cards if any(sound.cards) else ())]
    text = json.dumps([MIXER, sound.fps, frames, heard], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def ready_stems(sound: FilmSound) -> dict[str, str]:
    """The names of the stems by track; empty if they are missing or of another sound."""
    kept = sound.settings.stems
    return dict(kept.get("files", {})) if kept.get("key") == stems_key(sound) else {}


def make_stems(story: Story, kind: str, *, run: Run) -> dict[str, str]:
    """Write the stems of the story's present sound, unless they exist. Raises MediaError."""
    sound = sound_of(story, load_scenes(story), kind)
    if sound is None or not sound.frames:
        return {}
    if ready := ready_stems(sound):
        return ready
    key, files = stems_key(sound), {}
    with work_folder() as folder:
        made = stems(
            folder,
            **tracks_of(sound, folder, fetch=fetch, should_stop=run.should_stop),
            levels=LEVELS,
            should_stop=run.should_stop,
            on_progress=lambda part: run.progress(round(99 * part)),
        )
        for track, path in made.items():
            files[track] = f"stems/{story.pk}/{key[:16]}-{track}.m4a"
            save_as(path, files[track])
    values: dict[str, Any] = {"key": key, "files": files}
    with transaction.atomic():
        run.hold()
        StorySound.objects.filter(story=story).update(stems=values)
    return files
