"""Sound endpoints: a scene's lines, the story's sound and voices, and takes of sound."""

from uuid import UUID

from django.db.models import QuerySet
from msgspec import UNSET, Struct

from api.components import Body
from api.controllers import ApiController, Call, operation
from api.inputs import Empty
from api.responses import Accepted
from stories import errors
from stories.api.inputs.parts import VerdictIn, confirmed_total, sent_values
from stories.api.inputs.sound import GenerateSoundIn, LineIn, LinesIn, SoundPatch, VoiceIn
from stories.models import CastMember, Scene, Story
from stories.services import line_edits, sound_takes
from stories.services import sound as domain
from stories.services.cast_names import by_name
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.sound_plan import lines_of_film, plan_sound

from .base import SOUND, api
from .lookups import scene_of, sound_take_of, story_of
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Money, money
from .outputs.sound import (
    Lines,
    SoundOut,
    SoundTakeOut,
    VoiceOut,
    line_out,
    sound_out,
    sound_take_out,
    voice_out,
)


class SoundStarted(Struct):
    jobs: list[JobOut]
    price: Money


@api.at("scenes/<uuid:scene_id>/lines/")
class SceneLinesController(ApiController):
    tags = (SOUND,)

    @operation("list_lines", summary="List a scene's lines")
    def get(self, scene_id: UUID) -> Lines:
        """In the order in which they are spoken."""
        return _lines(self, scene_of(self, scene_id))

    @operation("write_lines", summary="Write a scene's lines", problems=(409,))
    def post(self, scene_id: UUID, body: Body[LinesIn]) -> Lines:
        """The scene has exactly these lines then, in this order; its narration is their words. A
        line with an id keeps its takes.
        """
        scene = scene_of(self, scene_id)
        wanted = [_spoken(line) for line in body.lines]
        try:
            line_edits.set_lines(scene.pk, actor=self.user, lines=wanted)
        except errors.Invalid as error:
            error.field = f"lines/{error.field}" if error.field[:1].isdigit() else error.field
            raise
        return _lines(self, scene)


def _spoken(line: LineIn) -> Spoken:
    kind = "" if line.kind is UNSET else line.kind
    return Spoken(
        line.text, line.speaker, line.direction, kind, None if line.id is UNSET else line.id
    )


def _lines(call: Call, scene: Scene) -> Lines:
    ((_scene, found),) = lines_of_film(scene.story, [scene])
    members = by_name(CastMember.live.filter(story=scene.story_id))
    return Lines([line_out(call, line, members) for line in found])


@api.at("stories/<uuid:story_id>/sound/")
class StorySoundController(ApiController):
    tags = (SOUND,)

    def locked(self) -> QuerySet[Story]:
        return Story.objects.filter(pk=self.kwargs["story_id"])

    @operation("get_sound", summary="Show how a story sounds")
    def get(self, story_id: UUID) -> SoundOut:
        """The levels, the music, and what is still to be made."""
        return _sound(self, story_id)

    @operation("patch_sound", summary="Change how a story sounds", problems=(409,))
    def patch(self, story_id: UUID, body: Body[SoundPatch]) -> SoundOut:
        """Only what is sent is changed. No picture is made or encoded again for it."""
        story_of(self, story_id)
        domain.change_settings(story_id, actor=self.user, **sent_values(body))
        return _sound(self, story_id)


@api.at("stories/<uuid:story_id>/voices/")
class StoryVoicesController(ApiController):
    tags = (SOUND,)

    @operation("choose_voice", summary="Choose a voice", problems=(409,))
    def post(self, story_id: UUID, body: Body[VoiceIn]) -> VoiceOut:
        """Of the narrator (no speaker) or of a speaker. The lines that it speaks become stale, no
        picture does.
        """
        story_of(self, story_id)
        return voice_out(domain.set_voice(story_id, actor=self.user, **sent_values(body)))


@api.at("stories/<uuid:story_id>/generate_sound/")
class StoryGenerateSoundController(ApiController):
    tags = (SOUND,)

    @operation("make_sound", summary="Make speech, music and effects", problems=(409,))
    def post(self, story_id: UUID, body: Body[GenerateSoundIn]) -> Accepted[SoundStarted]:
        """What is missing or stale, of these lines or of all; `music` for the film's music,
        `scene_music` for that of these scenes, `effects` for these effects. If it costs more than
        you may start alone: as for the preview.
        """
        story_of(self, story_id)
        start = generate_sound(
            story_id,
            actor=self.user,
            lines=None if body.lines is UNSET else body.lines,
            music=body.music,
            scene_music=body.scene_music,
            effects=body.effects,
            again=body.again,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        ).require()
        return Accepted(SoundStarted([job_out(job) for job in start.jobs], money(start.total)))


def _sound(call: Call, story_id: UUID) -> SoundOut:
    story = story_of(call, story_id)
    voices = sorted(domain.cast_of(story).voices.values(), key=lambda voice: voice.speaker)
    return sound_out(call, story, plan_sound(story), voices)


@api.at("sounds/<uuid:take_id>/")
class SoundController(ApiController):
    tags = (SOUND,)

    @operation("get_sound_take", summary="Show a take of sound")
    def get(self, take_id: UUID) -> SoundTakeOut:
        """A recording, speech, music or an effect."""
        return sound_take_out(self, sound_take_of(self, take_id))


@api.at("sounds/<uuid:take_id>/choose/")
class SoundChooseController(ApiController):
    tags = (SOUND,)

    @operation("choose_sound", summary="Choose a take of sound")
    def post(self, take_id: UUID, body: Body[Empty]) -> SoundTakeOut:  # noqa: ARG002  rejects a body that is not empty
        """Its line, its effect or the music of the story or the scene is heard with it from now on.
        A rejected one cannot be chosen (422).
        """
        sound_take_of(self, take_id)
        return sound_take_out(self, sound_takes.select(take_id, actor=self.user))


@api.at("sounds/<uuid:take_id>/keep/")
class SoundKeepController(ApiController):
    tags = (SOUND,)

    @operation("keep_music", summary="Keep music for another order of scenes", problems=(409,))
    def post(self, take_id: UUID, body: Body[Empty]) -> SoundTakeOut:  # noqa: ARG002  rejects a body that is not empty
        """Music of the film that was made for another order of the scenes is up to date with the
        present one then. It costs nothing. Other takes have no order (422).
        """
        sound_take_of(self, take_id)
        return sound_take_out(self, sound_takes.keep_music(take_id, actor=self.user))


@api.at("sounds/<uuid:take_id>/verdict/")
class SoundVerdictController(ApiController):
    tags = (SOUND,)

    @operation("judge_sound", summary="Approve or reject a take of sound")
    def post(self, take_id: UUID, body: Body[VerdictIn]) -> SoundTakeOut:
        """A rejection needs a reason."""
        sound_take_of(self, take_id)
        return sound_take_out(
            self,
            sound_takes.review(
                take_id, review_status=body.verdict, actor=self.user, reason=body.reason
            ),
        )
