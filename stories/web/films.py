"""Reads a film's manifest: where scenes begin, and what differs from the previous version."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stories.film.changes import FilmChanges
from stories.models import Film
from stories.services.thumbnails import film_mark

NAMED = 6  # maximum number of scenes that a message names


def chapters_of(film: Film) -> list[dict[str, Any]]:
    """Number, title, start and length in seconds of each scene of the film."""
    marks, frame = [], film.opening_frames
    for segment in film.manifest.get("segments", []):
        frames = segment["frames"]
        marks.append(
            {
                "position": segment["position"],
                "title": segment["title"],
                "start": round(frame / film.fps, 3),
                "seconds": round(frames / film.fps, 3),
            }
        )
        frame += frames
    return marks


def changed_scenes(newer: Film, older: Film) -> str:
    """How many scenes are new, changed or removed, in words."""
    now = {segment["scene"]: segment["hash"] for segment in newer.manifest.get("segments", [])}
    before = {segment["scene"]: segment["hash"] for segment in older.manifest.get("segments", [])}
    changed = sum(1 for scene, digest in now.items() if scene in before and before[scene] != digest)
    parts = [
        (changed, ngettext("%(n)s changed", "%(n)s changed", changed)),
        (len(now.keys() - before.keys()), _("%(n)s new")),
        (len(before.keys() - now.keys()), _("%(n)s gone")),
    ]
    message = [text % {"n": count} for count, text in parts if count]
    if not message and list(now) != list(before):
        message = [_("other order")]
    return ", ".join(message) or _("nothing")


def poster_url(film: Film, width: int = 640) -> str:
    """The URL of a frame of this film, independent of its scenes' current state."""
    return reverse("stories:film_poster", args=[film.pk, film_mark(film)[:16], width])


def describe_changes(changes: FilmChanges) -> str:
    """A message about what the film shows differently from the current scenes.

    Empty if it is up to date.
    """
    parts = []
    for places, one, many in (
        (changes.changed, _("scene %(places)s has changed"), _("scenes %(places)s have changed")),
        (changes.added, _("scene %(places)s is new"), _("scenes %(places)s are new")),
    ):
        if places:
            shown = ", ".join(map(str, places[:NAMED])) + ("…" if len(places) > NAMED else "")
            parts.append((one if len(places) == 1 else many) % {"places": shown})
    if changes.gone:
        parts.append(
            ngettext("%(n)s scene is gone", "%(n)s scenes are gone", changes.gone)
            % {"n": changes.gone}
        )
    if changes.reordered:
        parts.append(_("the order has changed"))
    if changes.cards:
        parts.append(_("the cards have changed"))
    if changes.sound:
        parts.append(_("the sound has changed"))
    return _("Since this film was made: %(what)s.") % {"what": " · ".join(parts)} if parts else ""
