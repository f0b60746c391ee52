"""Write the words of each scene as lines. No word is lost: a scene whose recorded lines differ from
its narration becomes one line of narration.
"""

from typing import Any

from django.db import migrations
from django.db.migrations.state import StateApps

AT_ONCE = 500


def _spoken(scene: Any) -> list[dict[str, str]]:
    recorded = [part for part in scene.lines or [] if str(part.get("text", "")).strip()]
    if recorded and " ".join(part["text"] for part in recorded).split() == scene.narration.split():
        return recorded
    return [{"speaker": "", "text": scene.narration.strip()}] if scene.narration.strip() else []


def write_lines(apps: StateApps, schema_editor: Any) -> None:
    Scene, Line, LineText = (apps.get_model("stories", name) for name in ("Scene", "Line", "LineText"))
    scenes = Scene._default_manager.all().order_by("pk").only("pk", "narration", "lines", "deleted_at")
    batch: list[tuple[Any, int, Any]] = []

    def write() -> None:
        LineText._default_manager.bulk_create([text for _scene, _position, text in batch])
        Line._default_manager.bulk_create(
            Line(scene=scene, position=position, current=text) for scene, position, text in batch
        )
        batch.clear()

    for scene in scenes.iterator(chunk_size=AT_ONCE):
        for position, part in enumerate(_spoken(scene), start=1):
            speaker = str(part.get("speaker", ""))[:100]
            kind = "dialogue" if speaker else "narration"
            batch.append((scene, position, LineText(kind=kind, speaker=speaker, text=part["text"])))
        if len(batch) >= AT_ONCE:
            write()
    write()


def write_parts(apps: StateApps, schema_editor: Any) -> None:
    """The way back: the speakers return to their scenes."""
    Scene, Line = (apps.get_model("stories", name) for name in ("Scene", "Line"))
    parts: dict[Any, list[dict[str, str]]] = {}
    lines = Line._default_manager.filter(deleted_at=None).select_related("current").order_by("scene", "position")
    for line in lines.iterator(chunk_size=AT_ONCE):
        parts.setdefault(line.scene_id, []).append({"speaker": line.current.speaker, "text": line.current.text})
    for key, found in parts.items():
        if any(part["speaker"] for part in found):
            Scene._default_manager.filter(pk=key).update(lines=found)


class Migration(migrations.Migration):
    dependencies = [("stories", "0011_lines_and_sound")]

    operations = [migrations.RunPython(write_lines, write_parts)]
