"""Sound endpoints: a scene's lines, the story's sound and voices, and takes of sound."""

from uuid import UUID

from msgspec import UNSET, Struct

from api.inputs import Empty
from api.paging import Page, page
from api.responses import Accepted
from api.routes import Call
from stories import errors
from stories.api import schemas
from stories.models import CastMember, Scene, SoundTake
from stories.services import line_edits, sound_takes
from stories.services import sound as domain
from stories.services.cast_names import by_name
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.permissions import stories_for
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


@api.get("scenes/<uuid:scene_id>/lines/", tag=SOUND, summary="List a scene's lines")
def list_lines(call: Call, scene_id: UUID) -> Lines:
    return _lines(call, scene_of(call, scene_id))


@api.post(
    "scenes/<uuid:scene_id>/lines/", tag=SOUND, summary="Write a scene's lines", problems=(409,)
)
def write_lines(call: Call, scene_id: UUID, body: schemas.LinesIn) -> Lines:
    """The scene has exactly these lines then, in this order; its narration is their words. A line
    with an id keeps its takes.
    """
    scene = scene_of(call, scene_id)
    wanted = [_spoken(line) for line in body.lines]
    try:
        line_edits.set_lines(scene.pk, actor=call.user, lines=wanted)
    except errors.Invalid as error:
        error.field = f"lines/{error.field}" if error.field[:1].isdigit() else error.field
        raise
    return _lines(call, scene)


def _spoken(line: schemas.LineIn) -> Spoken:
    kind = "" if line.kind is UNSET else line.kind
    return Spoken(
        line.text, line.speaker, line.direction, kind, None if line.id is UNSET else line.id
    )


def _lines(call: Call, scene: Scene) -> Lines:
    ((_scene, found),) = lines_of_film(scene.story, [scene])
    members = by_name(CastMember.live.filter(story=scene.story_id))
    return Lines([line_out(call, line, members) for line in found])


@api.get("stories/<uuid:story_id>/sound/", tag=SOUND, summary="Show how a story sounds")
def get_sound(call: Call, story_id: UUID) -> SoundOut:
    return _sound(call, story_id)


@api.patch(
    "stories/<uuid:story_id>/sound/",
    tag=SOUND,
    summary="Change how a story sounds",
    problems=(409,),
)
def patch_sound(call: Call, story_id: UUID, body: schemas.SoundPatch) -> SoundOut:
    """Only what is sent is changed. No picture is made or encoded again for it."""
    story_of(call, story_id)
    domain.change_settings(story_id, actor=call.user, **schemas.sent_values(body))
    return _sound(call, story_id)


@api.post("stories/<uuid:story_id>/voices/", tag=SOUND, summary="Choose a voice", problems=(409,))
def choose_voice(call: Call, story_id: UUID, body: schemas.VoiceIn) -> VoiceOut:
    """Of the narrator (no speaker) or of a speaker. The lines that it speaks become stale, no
    picture does.
    """
    story_of(call, story_id)
    return voice_out(domain.set_voice(story_id, actor=call.user, **schemas.sent_values(body)))


@api.post(
    "stories/<uuid:story_id>/generate_sound/",
    tag=SOUND,
    summary="Make speech and music",
    problems=(409,),
)
def make_sound(call: Call, story_id: UUID, body: schemas.GenerateSoundIn) -> Accepted[SoundStarted]:
    """What is missing or stale, of these lines or of all; `music` for the music. Dearer than you
    may start alone: as for the preview.
    """
    story_of(call, story_id)
    start = generate_sound(
        story_id,
        actor=call.user,
        lines=None if body.lines is UNSET else body.lines,
        music=body.music,
        again=body.again,
        confirm_total=schemas.confirmed_total(body.confirm_total),
        ask_again=body.ask_again,
    ).require()
    return Accepted(SoundStarted([job_out(job) for job in start.jobs], money(start.total)))


def _sound(call: Call, story_id: UUID) -> SoundOut:
    story = story_of(call, story_id)
    voices = sorted(domain.cast_of(story).voices.values(), key=lambda voice: voice.speaker)
    return sound_out(call, story, plan_sound(story), voices)


@api.get("stories/<uuid:story_id>/sounds/", tag=SOUND, summary="List a story's takes of sound")
def list_sounds(call: Call, story_id: UUID, query: schemas.SoundFilter) -> Page[SoundTakeOut]:
    """The newest first."""
    rows = SoundTake.objects.filter(story_id=story_id, story__in=stories_for(call.user))
    if query.kind is not UNSET:
        rows = rows.filter(kind=query.kind)
    if query.line is not UNSET:
        rows = rows.filter(line_id=query.line)
    found = page(
        rows,
        query,
        out=lambda takes: [sound_take_out(call, take) for take in takes],
        key=lambda take: (take.created_at, take.pk),
        scope=str(story_id),
    )
    if not found.items:
        # Checked only here: distinguishes a story without sound from one that may not be seen.
        story_of(call, story_id)
    return found


@api.get("sounds/<uuid:take_id>/", tag=SOUND, summary="Show a take of sound")
def get_sound_take(call: Call, take_id: UUID) -> SoundTakeOut:
    return sound_take_out(call, sound_take_of(call, take_id))


@api.post("sounds/<uuid:take_id>/choose/", tag=SOUND, summary="Choose a take of sound")
def choose_sound(call: Call, take_id: UUID, body: Empty) -> SoundTakeOut:  # noqa: ARG001  rejects a body that is not empty
    """Its line, or the story's music, is heard with it from now on. A rejected one cannot be chosen
    (422).
    """
    sound_take_of(call, take_id)
    return sound_take_out(call, sound_takes.select(take_id, actor=call.user))


@api.post("sounds/<uuid:take_id>/verdict/", tag=SOUND, summary="Approve or reject a take of sound")
def judge_sound(call: Call, take_id: UUID, body: schemas.VerdictIn) -> SoundTakeOut:
    sound_take_of(call, take_id)
    return sound_take_out(
        call,
        sound_takes.review(
            take_id, review_status=body.verdict, actor=call.user, reason=body.reason
        ),
    )
