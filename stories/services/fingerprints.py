"""The inputs of a take and their hash.

Seed, scene position and provider are not part of the content.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from providers.models import ProviderCall
from providers.preflight import EVERYTHING, UsedFields
from providers.requests import CastReference, ClipRequest, ImageRequest, from_json
from stories.enums import AspectRatio, Resolution, TakeKind
from stories.models import Scene, ScenePrompt, Story, Take

from .continuity import keyframe_of
from .scene_cast import references_in

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
    *,
    size: tuple[int, int],
    seed: int | None,
    references: Sequence[CastReference],
    model: str,
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
        "cast": list(references),
        "model": model,
    }


def image_request(
    story: Story,
    prompt: ScenePrompt,
    *,
    seed: int | None = None,
    references: Sequence[CastReference] = (),
    model: str = "",
) -> ImageRequest:
    return ImageRequest(
        **_asked(
            story, prompt, size=picture_size(story), seed=seed, references=references, model=model
        ),
        strength=prompt.strength,
    )


def clip_request(
    story: Story,
    scene: Scene,
    prompt: ScenePrompt,
    image: Take,
    *,
    seed: int | None = None,
    references: Sequence[CastReference] = (),
    model: str = "",
    end_file: str = "",
) -> ClipRequest:
    """`end_file`: the picture that the clip ends with, for a continuous scene."""
    return ClipRequest(
        **_asked(
            story, prompt, size=frame_size(story), seed=seed, references=references, model=model
        ),
        fps=frame_rate(story),
        duration_ms=scene.duration_ms,
        camera=cast("Move", prompt.camera),
        image_file=image.file,
        end_image_file=end_file,
    )


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(CANONICAL.encode(values)).hexdigest()


def made_hash(call: ProviderCall, scene: Scene, prompt: ScenePrompt) -> str:
    """The hash of the inputs that the call was sent with.

    Later changes of the story or of the scene's selected picture do not affect it.
    """
    request = from_json(call.request)
    used = UsedFields().of(call.provider_id, call.kind, call.model)
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
            references=request.cast,
            end_sha256=_sha256_of(request.end_image_file, scene),
        )
    return _image_hash(
        prompt,
        style=cast("ImageRequest", request).style,
        aspect=cast("ImageRequest", request).aspect_ratio,
        used=used,
        references=cast("ImageRequest", request).cast,
    )


def _sha256_of(file: str, scene: Scene) -> str:
    """The hash of the next scene's picture, which the call was sent with."""
    if not file:
        return ""
    found = Take.objects.filter(scene__story=scene.story_id, kind=TakeKind.IMAGE, file=file)
    return found.values_list("sha256", flat=True).first() or ""


def _if_used(value: str, field: str, used: frozenset[str]) -> str:
    """The value if the provider uses the field, else empty.

    An unused field cannot affect the result.
    """
    return value if field in used else ""


def _cast_values(references: Sequence[CastReference], used: frozenset[str]) -> dict[str, Any]:
    """What the hash contains of the cast: roles, descriptions and sheets.

    Without a cast nothing, so that hashes from before there was one stay as they are. Where the
    model takes no sheets each entry is shorter, so the two forms never give the same hash. A name
    is part of it only where nothing else says which of two members has which sheet.
    """
    if not references:
        return {}
    if "references" not in used:
        return {"cast": sorted(_described_as(one) for one in references)}
    sheets_of: dict[tuple[str, ...], set[str]] = {}
    for one in references:
        sheets_of.setdefault(tuple(_described_as(one)), set()).add(one.sha256)
    found = []
    for one in references:
        words = _described_as(one)
        alike = len(sheets_of[tuple(words)]) > 1
        found.append([*words, one.sha256, *([one.name] if alike else [])])
    return {"cast": sorted(found)}


def _described_as(member: CastReference) -> list[str]:
    return [member.role, member.description, member.description_en]


def _image_hash(
    prompt: ScenePrompt,
    *,
    style: str,
    aspect: str,
    used: frozenset[str],
    references: Sequence[CastReference],
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
            **_strength(prompt, used),
            **_cast_values(references, used),
        }
    )


def _strength(prompt: ScenePrompt, used: frozenset[str]) -> dict[str, int]:
    """Nothing where the model's own strength is used, so that earlier hashes stay as they are."""
    if prompt.strength is None or "strength" not in used:
        return {}
    return {"strength": prompt.strength}


def _clip_hash(
    prompt: ScenePrompt,
    image_sha256: str,
    *,
    style: str,
    aspect: str,
    used: frozenset[str],
    references: Sequence[CastReference],
    end_sha256: str,
) -> str:
    """SHA-256 over the inputs of a clip, including the pictures that it begins and ends with."""
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
            **({"end_image": end_sha256} if end_sha256 else {}),
            **_cast_values(references, used),
        }
    )


def present_hash(story: Story, scene: Scene, kind: str) -> str:
    """The hash of the scene's current inputs. For a clip without a picture the picture is empty."""
    return _hash_for(story, scene, kind, EVERYTHING)


def _hash_for(story: Story, scene: Scene, kind: str, used: frozenset[str]) -> str:
    """As `present_hash`, for a provider that receives only these fields of a request."""
    style, aspect, references = (
        style_of(story, scene.prompt),
        story.aspect_ratio,
        references_in(scene),
    )
    if kind == TakeKind.IMAGE:
        return _image_hash(
            scene.prompt, style=style, aspect=aspect, used=used, references=references
        )
    keyframe = keyframe_of(scene)
    return _clip_hash(
        scene.prompt,
        scene.image_take.sha256 if scene.image_take else "",
        end_sha256=keyframe.sha256 if keyframe else "",
        style=style,
        aspect=aspect,
        used=used,
        references=references,
    )


def is_stale(story: Story, scene: Scene, take: Take, *, used: UsedFields | None = None) -> bool:
    """Whether the scene has changed since the take was made.

    `used`: shared by the takes of a list, so that its queries do not grow with the takes.

    It has other inputs, or the clip is too short now. An uploaded take becomes stale only by its
    length.
    """
    if take.kind == TakeKind.CLIP and take.duration_ms < scene.duration_ms - 1000 // frame_rate(
        story
    ):
        return True
    if not take.input_hash or take.input_hash == present_hash(story, scene, take.kind):
        return False
    if references_in(scene) and take.input_hash == _hash_for(
        story, scene, take.kind, EVERYTHING - {"references"}
    ):
        return False  # made by a model that takes no sheets
    # The provider may use fewer fields than the scene has. Only then is it worth checking which.
    prompt = scene.prompt
    if not (prompt.negative or prompt.reference_image or prompt.strength is not None):
        return True
    provider, model = take.made_as
    fields = (used or UsedFields()).of(provider, take.kind, model)
    return take.input_hash != _hash_for(story, scene, take.kind, fields)
