"""What a film's manifest says: where each scene begins, and what is different from the version before."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stories.models import Film


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
