"""What people order besides pictures and clips: plans and English of a language model, speech and
music.
"""

from typing import Any

from stories.enums import JobName, Mood, ReviewStatus, SoundKind
from stories.models import Line, Scene, SceneSound, SoundTake, Story, Voice
from stories.services import english, generation, line_edits, sound, sound_takes
from stories.services.lines import Spoken
from stories.services.sound_plan import plan_sound

from .notebook import Notebook, short_words

MOODS = tuple(mood for mood in Mood if mood != Mood.NONE)
VOICES = ("anna0001", "ben00002", "carla003")
SPEECH_PIECE = {
    JobName.LINE_SPEECH: SoundKind.SPEECH,
    JobName.STORY_MUSIC: SoundKind.MUSIC,
    JobName.SCENE_SOUND: SoundKind.SOUND,
}


def plan_piece(story_id: Any) -> str:
    return f"plan:{story_id}"


def english_piece(scene_id: Any) -> str:
    return f"text:{scene_id}"


def sound_pieces(story_id: Any) -> list[str]:
    """The speech of every line and all music: a start of the whole story makes what is missing."""
    lines = Line.live.filter(scene__story_id=story_id).values_list("pk", flat=True)
    own = SceneSound.objects.filter(scene__story_id=story_id).exclude(mood="")
    tunes = [story_id, *own.values_list("scene_id", flat=True)]
    return [*(f"speech:{pk}" for pk in lines), *(f"music:{pk}" for pk in tunes)]


class SoundOrders:
    """Actions of a person; `_one_of`, `_story` and `_scene` choose at random."""

    user: Any
    notebook: Notebook
    chance: Any
    _one_of: Any
    _story: Any
    _scene: Any

    def turn_sound_on(self, story: Story) -> None:
        """Speech by a provider that charges, and music by one of two."""
        with self.notebook.ordering() as pieces:
            pieces.extend(sound_pieces(story.pk))
            sound.set_voice(
                story.pk, actor=self.user, provider="elevenlabs", voice=self.chance.choice(VOICES)
            )
            sound.change_settings(
                story.pk,
                actor=self.user,
                enabled=True,
                mood=self.chance.choice(MOODS),
                music_provider=self.chance.choice(("elevenlabs", "stability_ai")),
            )

    def make_sound(self) -> None:
        story = self._story()
        items = plan_sound(story).items
        chosen = [item.line.pk for item in items if item.line and self.chance.random() < 0.6]
        music = self.chance.random() < 0.4
        self.order_sound(story, chosen or None, music=music, again=self.chance.random() < 0.2)

    def order_sound(
        self, story: Story, lines: list[Any] | None, *, music: bool, again: bool = False
    ) -> None:
        with self.notebook.ordering() as pieces:
            pieces.extend(sound_pieces(story.pk))
            generation.generate_sound(
                story.pk, actor=self.user, lines=lines, music=music, again=again
            ).require()

    def change_line(self) -> None:
        """The story's job that is open speaks the new words."""
        scene = self._scene()
        lines = list(Line.live.filter(scene=scene).order_by("position"))
        with self.notebook.ordering() as pieces:
            pieces.extend(f"speech:{line.pk}" for line in lines)
            line_edits.set_lines(
                scene.pk,
                actor=self.user,
                lines=[Spoken(short_words(), id=line.pk) for line in lines],
            )

    def change_sound(self) -> None:
        """Another voice or another mood, of the film or of a scene, makes what was made from it
        stale.
        """
        story = self._story()
        if not plan_sound(story).items:
            raise Voice.DoesNotExist
        with self.notebook.ordering() as pieces:
            pieces.extend(sound_pieces(story.pk))
            chance = self.chance.random()
            if chance < 0.4:
                sound.set_voice(story.pk, actor=self.user, voice=self.chance.choice(VOICES))
            elif chance < 0.7:
                scene = self.chance.choice(list(Scene.live.filter(story=story)))
                pieces.append(f"music:{scene.pk}")
                mood = self.chance.choice((*MOODS, Mood.NONE, ""))
                sound.change_scene_sound(scene.pk, actor=self.user, mood=mood)
            else:
                sound.change_settings(story.pk, actor=self.user, mood=self.chance.choice(MOODS))

    def reject_sound(self) -> None:
        take = self._one_of(SoundTake.objects.exclude(review_status=ReviewStatus.REJECTED))
        with self.notebook.ordering() as pieces:
            pieces.append(f"{take.kind}:{take.line_id or take.scene_id or take.story_id}")
            sound_takes.review(
                take.pk, review_status=ReviewStatus.REJECTED, reason="too fast", actor=self.user
            )

    def put_into_english(self) -> None:
        story = self._story()
        self.order_english(story, [item.scene.pk for item in english.plan_english(story).todo])

    def order_english(self, story: Story, scene_ids: list[Any]) -> None:
        if not scene_ids:
            raise Scene.DoesNotExist
        with self.notebook.ordering() as pieces:
            pieces.extend(map(english_piece, scene_ids))
            start, _plan = generation.put_into_english(
                story.pk, actor=self.user, scene_ids=scene_ids
            )
            start.require()
