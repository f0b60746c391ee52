"""The inputs of a take and their hash.

Seed, scene position and provider are not part of the content.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from providers.models import ProviderCall
from providers.preflight import EVERYTHING, used_fields
from providers.requests import CastReference, ClipRequest, ImageRequest, from_json
from stories.enums import AspectRatio, Resolution, TakeKind
from stories.models import Scene, ScenePrompt, Story, Take

from .worn import worn_in

if TYPE_CHECKING:
    from providers.requests import Camera as Move

FRAME_SIZE = {
    (AspectRatio.WIDE, Resolution.HD): (1280, 720),
    (AspectRatio.TALL, Resolution.HD): (720, 1280),
    (AspectRatio.SQUARE, Resolution.HD): (720, 720),
    (AspectRatio.WIDE, Resolution.FULL_HD): (1920, 1080),
    (AspectRatio.TALL, Resolution.FULL_HD): (1080, 1920),
    (AspectRatio.SQUARE, Resolution.FULL_HD): (1080, 1080),
}
FPS = {Resolution.HD: 24, Resolution.FULL_HD: 30}
# Sorted names, no white space, no escapes beyond those of JSON.
CANONICAL = msgspec.json.Encoder(order="deterministic")
# Pictures are larger than the frame, so that a camera move never enlarges them.
PICTURE_SCALE = 1.25


def frame_size(story: Story) -> tuple[int, int]:
    """Width and height of the film in pixels."""
    return FRAME_SIZE[AspectRatio(story.aspect_ratio), Resolution(story.resolution)]


def frame_rate(story: Story) -> int:
    return FPS[Resolution(story.resolution)]


def picture_size(story: Story) -> tuple[int, int]:
    width, height = frame_size(story)
    return round(width * PICTURE_SCALE), round(height * PICTURE_SCALE)


def style_of(story: Story, prompt: ScenePrompt) -> str:
    return prompt.style or story.style


def text_digest(text: str) -> str:
    """A digest of a prompt's text, to match it with its English."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_english_outdated(prompt: Any) -> bool:
    """Whether the prompt's text has changed since its English was written.

    `prompt` is a ScenePrompt, or a row with the same names.
    """
    return bool(
        prompt.text_en and prompt.english_for and prompt.english_for != text_digest(prompt.text)
    )


def english_of(prompt: Any) -> str:
    """The up-to-date English of the prompt. Empty if there is none or it is out of date."""
    return "" if is_english_outdated(prompt) else str(prompt.text_en)


def _asked(
    story: Story,
    prompt: ScenePrompt,
    size: tuple[int, int],
    seed: int | None,
    worn: Sequence[CastReference],
) -> dict[str, Any]:
    """The common part of picture and clip requests."""
    return {
        "prompt": prompt.text,
        "prompt_en": english_of(prompt),
        "negative": prompt.negative,
        "style": style_of(story, prompt),
        "seed": prompt.seed if seed is None else seed,
        "aspect_ratio": story.aspect_ratio,
        "width": size[0],
        "height": size[1],
        "cast": list(worn),
    }


def image_request(
    story: Story,
    prompt: ScenePrompt,
    *,
    seed: int | None = None,
    worn: Sequence[CastReference] = (),
) -> ImageRequest:
    return ImageRequest(**_asked(story, prompt, picture_size(story), seed, worn))


def clip_request(
    story: Story,
    scene: Scene,
    prompt: ScenePrompt,
    image: Take,
    *,
    seed: int | None = None,
    worn: Sequence[CastReference] = (),
) -> ClipRequest:
    return ClipRequest(
        **_asked(story, prompt, frame_size(story), seed, worn),
        fps=frame_rate(story),
        duration_ms=scene.duration_seconds * 1000,
        camera=cast("Move", prompt.camera),
        image_file=image.file,
    )


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(CANONICAL.encode(values)).hexdigest()


def made_hash(call: ProviderCall, scene: Scene, prompt: ScenePrompt) -> str:
    """The hash of the inputs that the call was sent with.

    Later changes of the story or of the scene's selected picture do not affect it.
    """
    request = from_json(call.request)
    used = used_fields(call.provider_id, call.kind, call.model)
    if isinstance(request, ClipRequest):
        image = (
            Take.objects.filter(scene=scene, kind=TakeKind.IMAGE, file=request.image_file)
            .values_list("sha256", flat=True)
            .first()
        )
        return _clip_hash(
            prompt,
            image or "",
            style=request.style,
            aspect=request.aspect_ratio,
            used=used,
            worn=request.cast,
        )
    return _image_hash(
        prompt,
        style=cast("ImageRequest", request).style,
        aspect=cast("ImageRequest", request).aspect_ratio,
        used=used,
        worn=cast("ImageRequest", request).cast,
    )


def _if_used(value: str, field: str, used: frozenset[str]) -> str:
    """The value if the provider uses the field, else empty.

    An unused field cannot affect the result.
    """
    return value if field in used else ""


def _worn_values(worn: Sequence[CastReference], used: frozenset[str]) -> dict[str, Any]:
    """What the hash contains of the cast: roles, descriptions and sheets, but no names.

    Without a cast nothing, so that hashes from before there was one stay as they are. Where the
    model takes no sheets each entry is shorter, so the two forms never give the same hash.
    """
    if not worn:
        return {}
    with_sheets = "references" in used
    found = [
        [one.role, one.description, one.description_en, *([one.sha256] if with_sheets else [])]
        for one in worn
    ]
    return {"cast": sorted(found)}


def _image_hash(
    prompt: ScenePrompt,
    *,
    style: str,
    aspect: str,
    used: frozenset[str],
    worn: Sequence[CastReference],
) -> str:
    """SHA-256 over the inputs of a picture."""
    return _hash(
        {
            "kind": "image",
            "text": prompt.text,
            "text_en": prompt.text_en,
            "negative": _if_used(prompt.negative, "negative", used),
            "style": style,
            "reference": _if_used(prompt.reference_image, "reference_image", used),
            "aspect": aspect,
            **_worn_values(worn, used),
        }
    )


def _clip_hash(
    prompt: ScenePrompt,
    image_sha256: str,
    *,
    style: str,
    aspect: str,
    used: frozenset[str],
    worn: Sequence[CastReference],
) -> str:
    """SHA-256 over the inputs of a clip, including its start picture."""
    return _hash(
        {
            "kind": "clip",
            "image": image_sha256,
            "text": prompt.text,
            "text_en": prompt.text_en,
            "negative": _if_used(prompt.negative, "negative", used),
            "style": style,
            "camera": prompt.camera,
            "aspect": aspect,
            **_worn_values(worn, used),
        }
    )


def present_hash(story: Story, scene: Scene, kind: str) -> str:
    """The hash of the scene's current inputs. For a clip without a picture the picture is empty."""
    return _hash_for(story, scene, kind, EVERYTHING)


def _hash_for(story: Story, scene: Scene, kind: str, used: frozenset[str]) -> str:
    """As `present_hash`, for a provider that receives only these fields of a request."""
    style, aspect, worn = style_of(story, scene.prompt), story.aspect_ratio, worn_in(scene)
    if kind == TakeKind.IMAGE:
        return _image_hash(scene.prompt, style=style, aspect=aspect, used=used, worn=worn)
    return _clip_hash(
        scene.prompt,
        scene.image_take.sha256 if scene.image_take else "",
        style=style,
        aspect=aspect,
        used=used,
        worn=worn,
    )


def is_stale(story: Story, scene: Scene, take: Take) -> bool:
    """Whether the scene has changed since the take was made.

    It has other inputs, or the clip is too short now. An uploaded take becomes stale only by its
    length.
    """
    if (
        take.kind == TakeKind.CLIP
        and take.duration_ms < scene.duration_seconds * 1000 - 1000 // frame_rate(story)
    ):
        return True
    if not take.input_hash or take.input_hash == present_hash(story, scene, take.kind):
        return False
    if worn_in(scene) and take.input_hash == _hash_for(
        story, scene, take.kind, EVERYTHING - {"references"}
    ):
        return False  # made by a model that takes no sheets
    # The provider may use fewer fields than the scene has. Only then is it worth checking which.
    if not (scene.prompt.negative or scene.prompt.reference_image):
        return True
    return take.input_hash != _hash_for(
        story, scene, take.kind, used_fields(take.provider, take.kind, take.model)
    )
