"""The values of a scene and its prompt: their names, validation, and what a person saw of them."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from stories.errors import FieldConflict, Invalid
from stories.models import Scene, ScenePrompt

from .fingerprints import is_english_outdated
from .makers import MAKER_FIELDS

SCENE_FIELDS = ("title", "narration", "duration_seconds", "boundary", *MAKER_FIELDS)
PROMPT_FIELDS = (
    *("text", "text_en", "negative", "style", "camera", "seed", "strength"),
    "reference_image",
)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """Normalize the scene's and prompt's values (NFC) in place and validate them like the models.

    Raises Invalid with the field.
    """
    values.update({name: composed_values(value) for name, value in values.items()})
    scene = Scene(**{k: v for k, v in values.items() if k in SCENE_FIELDS})
    prompt = ScenePrompt(**{k: v for k, v in values.items() if k in PROMPT_FIELDS})
    unknown = set(values) - set(SCENE_FIELDS) - set(PROMPT_FIELDS)
    if unknown:
        raise Invalid(
            gettext_noop("A scene has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    for instance, names in ((scene, SCENE_FIELDS), (prompt, PROMPT_FIELDS)):
        for name in names:
            if name in values:
                _check_field(instance, name)
    if "duration_seconds" in values:
        values["duration_seconds"] = scene.duration_seconds
    return values


def _check_field(instance: Scene | ScenePrompt, name: str) -> None:
    field: Any = instance._meta.get_field(name)  # noqa: SLF001  Django's documented model API
    value = getattr(instance, name)
    # For text fields only forms check this.
    if field.max_length and isinstance(value, str) and len(value) > field.max_length:
        raise Invalid(
            gettext_noop("At most %(most)s characters."), most=field.max_length, field=name
        )
    try:
        if name == "title":
            visible.require_visible(value)
        setattr(instance, name, field.clean(value, instance))
    except ValidationError as error:
        raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error


def require_prompt(values: dict[str, Any]) -> None:
    if not visible.is_visible(str(values.get("text", ""))):
        raise Invalid(gettext_noop("A scene needs a prompt."), field="text")


def own_values(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def fingerprint(value: Any) -> str:
    """Identifies a field's value, so that a page can state which one it showed."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:10]


def value_of(scene: Any, name: str) -> Any:
    """The value of a field of the scene or its prompt. Also works for a row with the same names."""
    return getattr(scene if name in SCENE_FIELDS else scene.prompt, name)


def require_seen(scene: Scene, values: dict[str, Any], seen: dict[str, str]) -> None:
    """Check that no field was changed by others.

    Raises FieldConflict with the current values if they are neither what the person saw nor what
    they want.
    """
    now = {name: value_of(scene, name) for name in values if name in seen}
    theirs = {
        name: str(value)
        for name, value in now.items()
        if fingerprint(value) != seen[name] and value != values[name]
    }
    if theirs:
        raise FieldConflict(
            gettext_noop("Somebody else has changed this meanwhile. Nothing was overwritten."),
            theirs=theirs,
        )


def prompt_values(prompt: ScenePrompt) -> dict[str, Any]:
    """The values of a prompt that is partly changed."""
    english: dict[str, Any] = {"english_by_model": prompt.english_by_model}
    if is_english_outdated(prompt):
        english["english_for"] = prompt.english_for
    return {name: getattr(prompt, name) for name in PROMPT_FIELDS} | english


def makers_of(scene: Scene) -> dict[str, str]:
    return {name: getattr(scene, name) for name in MAKER_FIELDS}
