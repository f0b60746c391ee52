"""What has changed in a story since a film was made, according to the film's manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stories.enums import FilmKind, TakeKind
from stories.models import Film, Scene, Story
from stories.services.plan import has_take

from .cards import cards_of
from .segments import ENCODER, segments_of
from .sound import sound_of


@dataclass(frozen=True, slots=True)
class FilmChanges:
    """How the film differs from the scenes.

    Positions of scenes that it shows differently or not at all, how many of its scenes are gone,
    and whether the order differs. `cards`: the title or the end card differs. `sound`: the same
    scenes sound otherwise.
    """

    changed: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    gone: int = 0
    reordered: bool = False
    cards: bool = False
    sound: bool = False

    def __bool__(self) -> bool:
        return self != FilmChanges()


def changes_since(film: Film, story: Story, scenes: Sequence[Scene]) -> FilmChanges:
    """Compare the film with the live scenes as they are now.

    `scenes` are in order, with their prompt and selected takes.
    """
    made = {row["scene"]: row for row in film.manifest.get("segments", [])}
    kind = TakeKind.IMAGE if film.kind == FilmKind.PREVIEW else TakeKind.CLIP
    known = [scene for scene in scenes if scene.key in made]
    standing = [scene for scene in known if has_take(scene, kind)]
    sound = sound_of(story, standing, film.kind) if standing else None
    segments = segments_of(story, standing, film.kind, sound, film=scenes)
    now = {segment.scene.pk: segment for segment in segments}
    # Another encoder version gives other hashes for the same picture.
    by_hash = film.manifest.get("encoder") == ENCODER

    def is_other(scene: Scene) -> bool:
        segment = now.get(scene.pk)
        if segment is None:
            return True
        row = made[scene.key]
        if by_hash:
            return bool(row["hash"] != segment.hash)
        return bool(
            (row.get("take_sha256", ""), row["frames"]) != (segment.take.sha256, segment.frames)
        )

    changed = tuple(scene.position for scene in known if is_other(scene))
    added = tuple(scene.position for scene in scenes if scene.key not in made)
    live = {scene.key for scene in scenes}
    order = [key for key in made if key in live]
    gone = len(made) - len(order)
    reordered = order != [scene.key for scene in known]
    # The size of the frame and the version of the drawing are no change of a card.
    cards = [
        (card["place"], card["text"], card["frames"]) for card in film.manifest.get("cards", [])
    ]
    others = cards != [(card.place, card.text, card.length) for card in cards_of(story, scenes)]
    if changed or added or gone or reordered or others:
        return FilmChanges(changed, added, gone, reordered, others)
    return FilmChanges(
        sound=_heard(film.manifest.get("sound")) != _heard(sound.manifest() if sound else None)
    )


def _heard(manifest: dict[str, Any] | None) -> dict[str, Any]:
    """What a listener notices: another version of the mixer is no change of the story."""
    return {name: value for name, value in (manifest or {}).items() if name != "mixer"}
