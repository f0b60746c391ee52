"""Stories, scenes and takes for tests, made without the queue."""

import hashlib
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from stories.enums import StoryStatus, TakeKind
from stories.models import CastMember, Look, Scene, ScenePrompt, Story, Take
from stories.services import lines
from stories.services.fingerprints import present_hash


def make_story(owner: Any, *, status: str = StoryStatus.DRAFT, **values: Any) -> Story:
    defaults = {
        "title": "The lighthouse",
        "script": "A boat leaves the harbour. The lighthouse waits.",
        "language": "en",
        "duration_seconds": 14,
    }
    story = Story.objects.create(owner=owner, **{**defaults, **values})
    if status != StoryStatus.DRAFT:
        Story.objects.filter(pk=story.pk).update(status=status)
        story.refresh_from_db()
    return story


def make_scene(
    story: Story, *, position: int | None = None, text: str = "a boat at dawn", **values: Any
) -> Scene:
    place = position or Scene.live.filter(story=story).count() + 1
    prompt = ScenePrompt.objects.create(
        text=text,
        **{k: values.pop(k) for k in ("camera", "seed", "style", "text_en") if k in values},
    )
    scene = Scene.objects.create(
        story=story,
        position=place,
        prompt=prompt,
        **{
            "title": f"Scene {place}",
            "narration": f"Line {place}.",
            "duration_seconds": 7,
            **values,
        },
    )
    lines.create_one([scene])
    return scene


def make_take(
    scene: Scene,
    kind: str = TakeKind.IMAGE,
    *,
    chosen: bool = True,
    content: bytes = b"",
    **values: Any,
) -> Take:
    """A take made from the scene's present inputs; its file is `content`."""
    content = content or f"{scene.pk}{kind}{Take.objects.count()}".encode()
    digest = hashlib.sha256(content).hexdigest()
    name = f"calls/{digest[:2]}/{digest}.{'png' if kind == TakeKind.IMAGE else 'mp4'}"
    if not storages["media"].exists(name):
        storages["media"].save(name, ContentFile(content))
    defaults = {
        "file": name,
        "sha256": digest,
        "mime": "image/png" if kind == TakeKind.IMAGE else "video/mp4",
        "width": 1280,
        "height": 720,
        "duration_ms": 0 if kind == TakeKind.IMAGE else scene.duration_seconds * 1000,
        "prompt": scene.prompt,
        "input_hash": present_hash(scene.story, scene, kind),
        "provider": "local",
        "seed": scene.prompt.seed,
    }
    take = Take.objects.create(scene=scene, kind=kind, **{**defaults, **values})
    if chosen:
        setattr(scene, "image_take" if kind == TakeKind.IMAGE else "clip_take", take)
        scene.save()
    return take


def first_look(member: CastMember) -> Look:
    """The look that the member has where nothing else is chosen."""
    return Look.live.filter(member=member).order_by("created_at", "id")[0]
