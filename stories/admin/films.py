"""What a film's manifest says: where each scene begins, and what is different from the version before."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stories.domain.thumbs import film_mark
from stories.film.changes import FilmChanges
from stories.models import Film

NAMED = 6  # scenes that a sentence names


def marks_of(film: Film) -> list[dict[str, Any]]:
    """Number, title, beginning and length in seconds of each scene of the film."""
    marks, frame = [], 0
    for segment in film.manifest.get("segments", []):
        frames = segment["frames"]
        marks.append({"position": segment["position"], "title": segment["title"], "start": round(frame / film.fps, 3), "seconds": round(frames / film.fps, 3)})
        frame += frames
    return marks


def changed_scenes(newer: Film, older: Film) -> str:
    """In words: how many scenes are new, changed or gone."""
    now = {segment["scene"]: segment["hash"] for segment in newer.manifest.get("segments", [])}
    before = {segment["scene"]: segment["hash"] for segment in older.manifest.get("segments", [])}
    changed = sum(1 for scene, digest in now.items() if scene in before and before[scene] != digest)
    parts = [
        (changed, ngettext("%(n)s changed", "%(n)s changed", changed)),
        (len(now.keys() - before.keys()), _("%(n)s new")),
        (len(before.keys() - now.keys()), _("%(n)s gone")),
    ]
    said = [text % {"n": count} for count, text in parts if count]
    if not said and list(now) != list(before):
        said = [_("other order")]
    return ", ".join(said) or _("nothing")


def poster_url(film: Film, width: int = 640) -> str:
    """Address of a frame of this film, which stays what it is whatever its scenes show by now."""
    return reverse("stories:film_poster", args=[film.pk, film_mark(film)[:16], width])


def said_of(changes: FilmChanges) -> str:
    """In a sentence: what the film does not show as it is now; empty if it shows all."""
    parts = []
    for places, one, many in (
        (changes.changed, _("scene %(places)s has changed"), _("scenes %(places)s have changed")),
        (changes.added, _("scene %(places)s is new"), _("scenes %(places)s are new")),
    ):
        if places:
            shown = ", ".join(map(str, places[:NAMED])) + ("…" if len(places) > NAMED else "")
            parts.append((one if len(places) == 1 else many) % {"places": shown})
    if changes.gone:
        parts.append(ngettext("%(n)s scene is gone", "%(n)s scenes are gone", changes.gone) % {"n": changes.gone})
    if changes.reordered:
        parts.append(_("the order is another"))
    return _("Since this film was made: %(what)s.") % {"what": " · ".join(parts)} if parts else ""
