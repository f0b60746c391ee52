"""The guide's envelope: what a worker gets.

`{"id": "story_123_abc123", "name": "story_planning", "data": {"story_id": …, "action":
"plan_story", "parameters": {…}}, "opts": {"priority": 5, "attempts": 3, "backoff": {…}}}`
"""

import base64
import io
import re
from typing import Any

from django.utils.translation import gettext_noop

from media import image_import
from media.errors import MediaError
from providers import cast_references, prompt_text
from providers import requests as asked
from providers.adapters import CallContext
from providers.backends.llm import planning
from providers.enums import Kind, Refusal
from providers.errors import Refused
from providers.requests import ClipRequest, ImageRequest, Request, TextRequest
from providers.store import opened

MOST_IMAGE = 4 * 1024 * 1024  # characters of a data URI; the job is kept in the memory of Redis
QUALITIES = (92, 80, 60)
UNUSUAL = re.compile(r"[^A-Za-z0-9-]")
NAMES = {
    Kind.IMAGE: ("scene_preview", "generate_image"),
    Kind.CLIP: ("scene_render", "generate_clip"),
    Kind.SPEECH: ("line_speech", "generate_speech"),
    Kind.MUSIC: ("story_music", "generate_music"),
    Kind.SOUND: ("scene_sound", "generate_sound"),
}
TEXTS = {
    "plan_story": ("story_planning", "plan_story"),
    "to_english": ("scene_english", "to_english"),
}


def id_of(call_context: CallContext) -> str:
    """Return the job's id: that of the call, so that one call is at most one job."""
    subject = UNUSUAL.sub("-", call_context.subject)[:64] or "none"
    return f"story_{subject}_{call_context.attempt.hex}"


def name_and_data(request: Request, call_context: CallContext) -> tuple[str, dict[str, Any]]:
    """Return the job's name, and its `story_id`, `action` and `parameters`."""
    if isinstance(request, TextRequest):
        name, action = TEXTS[request.task]
    else:
        name, action = NAMES[asked.kind_of(request)]
    return name, {
        "story_id": call_context.subject,
        "action": action,
        "parameters": _parameters(request, call_context),
    }


def _parameters(request: Request, call_context: CallContext) -> dict[str, Any]:
    given = {name: getattr(request, name) for name in request.__struct_fields__}
    given["model"] = call_context.model.name
    if isinstance(request, TextRequest):
        del given["passages"], given["pictures"]
        given["lines"] = planning.lines_of(request) if request.task == "plan_story" else []
    if isinstance(request, ImageRequest | ClipRequest):
        given["text"] = prompt_text.any_language(request)
        sheets, tags = cast_references.sheets(request), cast_references.tags(request)
        del given["cast"]
        given["references"] = [
            {"role": member.role, "name": member.name, "tag": tag, "image": _data_uri(member.file)}
            for member, tag in zip(sheets, tags.values(), strict=True)
            if cast_references.limits(call_context.model)
        ]
    if isinstance(request, ClipRequest):
        given["seconds"] = call_context.seconds
        name = given.pop("image_file")
        given["image"] = _data_uri(name) if name else ""
        last = given.pop("end_image_file")
        if last:
            given["end_image"] = _data_uri(last)
    if isinstance(request, ImageRequest) and request.strength is None:
        del given["strength"]
    return given


def _data_uri(name: str) -> str:
    """Return the image itself: a worker may have no way to the media storage."""
    with opened(name) as file:
        content = file.read()
    try:
        uri = _uri(content, image_import.mime_of(content))
        for quality in QUALITIES:
            if len(uri) <= MOST_IMAGE:
                return uri
            out = io.BytesIO()
            image_import.decode(content).save(out, "JPEG", quality=quality)
            uri = _uri(out.getvalue(), "image/jpeg")
    except MediaError as error:
        raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
    if len(uri) <= MOST_IMAGE:
        return uri
    raise Refused(gettext_noop("The picture is too large for a job."), kind=Refusal.INVALID)


def _uri(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
