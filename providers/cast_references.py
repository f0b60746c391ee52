"""The cast of a request: its words in the prompt, and the reference sheets a model takes.

A model's row declares in its capabilities how many sheets of which role it takes, such as
`{"references": {"character": 3, "total": 3}}`. A sheet that would not be sent is refused by name
before anything is paid; it is never left out silently.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext_noop

from .adapters import ModelSpec
from .enums import Refusal
from .errors import Refused
from .requests import CastReference, ClipRequest, ImageRequest

NEEDS_ENGLISH = gettext_noop(
    "%(provider)s understands English only: give “%(name)s” a description in English."
)
TAKES_NONE = gettext_noop(
    "%(provider)s's model %(model)s takes no reference sheet of %(names)s. Choose another model, "
    "or let the scene go without these sheets."
)
TAKES_FEWER = gettext_noop(
    "%(provider)s's model %(model)s takes %(most)s reference sheets, and %(names)s would be left "
    "out. Choose another model, or let the scene go without these sheets."
)
NEEDS_ONE = gettext_noop(
    "%(provider)s's model %(model)s needs at least one reference sheet. Choose another model, or "
    "give a member of this scene a sheet."
)
TOO_LONG = gettext_noop(
    "The descriptions of the cast are too long for %(provider)s: %(length)s characters, at most "
    "%(most)s."
)
TOTAL = "total"


def sheets(request: ImageRequest | ClipRequest) -> list[CastReference]:
    """Return the members whose sheets are to be sent, in order."""
    return [member for member in request.cast if member.file]


def tags(request: ImageRequest | ClipRequest) -> dict[int, str]:
    """Return the tag of each sheet by its place in the cast, such as `character1`.

    Letters and digits only, so that any provider takes it, whatever the language of the name.
    """
    counts: dict[str, int] = {}
    found = {}
    for place, member in enumerate(request.cast):
        if member.file:
            counts[member.role] = counts.get(member.role, 0) + 1
            found[place] = f"{member.role}{counts[member.role]}"
    return found


def described(member: CastReference, *, english: bool) -> str:
    """Return the description in the wanted language, else in the other one."""
    texts = (member.description_en, member.description)
    return next((text for text in (texts if english else reversed(texts)) if text.strip()), "")


def added(
    text: str,
    request: ImageRequest | ClipRequest,
    *,
    english: bool,
    tagged: bool = False,
    only_english: bool = False,
) -> str:
    """Return the prompt with a sentence for each member that is described or tagged.

    `only_english`: a name in another script is replaced by what the member is.
    """
    of = tags(request) if tagged else {}
    sentences = []
    for place, member in enumerate(request.cast):
        words, tag = described(member, english=english), of.get(place)
        name = member.name
        if only_english and not _is_latin(name):
            name = f"the {member.role}"
        head = f"{name} (@{tag})" if tag else name
        if words or tag:
            sentences.append(f"{head}: {words.rstrip('. ')}" if words else f"{head}")
    # The cast comes first: where a prompt is cut to a provider's limit, its own end goes.
    return ". ".join([*sentences, text.rstrip()]) if sentences else text


def _is_latin(text: str) -> bool:
    return all(unicodedata.name(char, "").startswith("LATIN") for char in text if char.isalpha())


def limits(model: ModelSpec) -> Mapping[str, int]:
    """Return how many sheets of each role the model takes, as its row declares; empty: none."""
    declared = model.references
    return {
        role: most
        for role, most in declared.items()
        if isinstance(most, int) and not isinstance(most, bool)
    }


def at_most(model: ModelSpec, most: int) -> ModelSpec:
    """Return the model as one that is sent so many sheets at most, whatever its row declares."""
    declared = limits(model)
    if not declared or most <= 0:
        return replace(model, references={})
    total = min(most, declared.get(TOTAL, most))
    return replace(model, references={**declared, TOTAL: total})


def left_out(request: ImageRequest | ClipRequest, model: ModelSpec) -> list[CastReference]:
    """Return the members whose sheets the model would not take, in order."""
    most = limits(model)
    total = most.get(TOTAL, sum(count for role, count in most.items() if role != TOTAL))
    used: dict[str, int] = {}
    out = []
    for member in sheets(request):
        if used.get(member.role, 0) >= most.get(member.role, 0) or sum(used.values()) >= total:
            out.append(member)
        else:
            used[member.role] = used.get(member.role, 0) + 1
    return out


def require_fit(
    request: ImageRequest | ClipRequest, model: ModelSpec, *, provider: str, most_text: int = 0
) -> None:
    """Raise `Refused` (invalid) if a sheet or a description would be left out.

    A clip that starts from a picture shows the cast by it: a model that takes no sheets is enough.
    """
    if most_text and (length := _length(request.cast)) > most_text:
        raise Refused(
            TOO_LONG, kind=Refusal.INVALID, provider=provider, length=length, most=most_text
        )
    if isinstance(request, ClipRequest) and request.image_file and not limits(model):
        return
    out = left_out(request, model)
    if not out:
        return
    names = ", ".join(member.name for member in out)
    takes = len(sheets(request)) - len(out)
    if takes:
        raise Refused(
            TAKES_FEWER,
            kind=Refusal.INVALID,
            provider=provider,
            model=model.name,
            most=takes,
            names=names,
        )
    raise Refused(
        TAKES_NONE, kind=Refusal.INVALID, provider=provider, model=model.name, names=names
    )


def require_enough(request: ImageRequest | ClipRequest, model: ModelSpec, *, provider: str) -> None:
    """Raise `Refused` (invalid) if the model needs a sheet (`options.needs_reference`) and there is
    none.
    """
    if model.options.get("needs_reference") and not sheets(request):
        raise Refused(NEEDS_ONE, kind=Refusal.INVALID, provider=provider, model=model.name)


def _length(cast: Sequence[CastReference]) -> int:
    return sum(
        len(member.name) + max(len(member.description), len(member.description_en)) + 20
        for member in cast
        if member.description or member.description_en
    )
