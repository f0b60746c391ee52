"""The workbench: what the player and the strip of a story show, as JSON."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from stories.film.now import Playable, Sound, playable
from stories.models import Story, Take
from stories.services.plan import load_scenes

from .board_state import Board
from .cards import Card, thumb_url
from .responses import errors_as_responses

STRIP_WIDTH, STAGE_WIDTH = 320, 1280  # of thumbnails, in pixels


@require_GET
@gzip_page
@errors_as_responses
def timeline(request: HttpRequest, story: Story) -> HttpResponse:
    """The scenes in film order with their takes, captions and states, and the sounds of the film.

    The number of queries does not depend on the number of scenes.
    """
    board = Board(story, request.user)
    now = playable(story, load_scenes(story))
    return JsonResponse(
        {
            "version": board.version,
            "seconds": board.seconds,
            "wished": story.duration_seconds,
            "scenes": [_scene(card, now) for card in board.cards],
            "sounds": list(_sounds(now.sounds)),
            "cards": [
                {"place": card.place, "text": card.text, "seconds": card.length / card.fps}
                for card in now.cards
            ],
            "duck": now.duck_db,
        }
    )


def _scene(card: Card, now: Playable) -> dict[str, Any]:
    scene, main = card.scene, card.main
    picture = scene.image_take or scene.clip_take
    return {
        "id": scene.key,
        "n": scene.position,
        "title": scene.title,
        "seconds": scene.duration_seconds,
        "seen": card.seen["duration_seconds"],
        "words": scene.narration,
        "shows": scene.prompt.text,
        "camera": scene.prompt.camera,
        "thumb": thumb_url(picture, STRIP_WIDTH) if picture else "",
        "image": thumb_url(scene.image_take, STAGE_WIDTH) if scene.image_take else "",
        "clip": card.clip_url,
        "keys": card.keys,
        "mark": card.far_mark,
        "tone": main.tone,
        "state": main.text,
        "states": [[state.tone, state.icon, state.text] for state in card.states],
        "warns": any(state.key in WARNINGS for state in card.states),
        "captions": [[one.start, one.end, one.text] for one in now.captions.get(scene.pk, [])],
        "mayEdit": card.may_edit,
        "mayArrange": card.may_arrange,
    }


WARNINGS = frozenset({"warning", "failed", "rejected", "stale", "blocked", "voice", "doubtful"})


def _sounds(sounds: Iterable[Sound]) -> Iterable[dict[str, Any]]:
    for one in sounds:
        is_take = isinstance(one.take, Take)
        yield {
            "url": reverse(
                "stories:take_file" if is_take else "stories:sound_file", args=[one.take.pk]
            ),
            "start": one.start,
            "end": one.end,
            "gain": one.gain_db,
            "speed": one.speed,
            "speech": one.is_speech,
            "music": one.is_music,
            "offset": one.offset,
        }
