"""What planning proposes for the cast: members found in the script, and the scenes they are in.

A member that exists is never changed, whoever made it: planning only adds members, and says which
of the new scenes show whom.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.unicode_normalization import composed_values
from providers.backends.local.vocabulary import follows_name
from stories.enums import CastKind
from stories.models import CastMember, Look, Scene, SceneCast, Story
from stories.models.cast import MAX_DESCRIPTION, MAX_NAME

from .cast_names import MAX_ALIASES, MAX_IN_SCENE, MAX_MEMBERS, by_name, key_of
from .lines import Spoken

PROPOSED = 40  # members that one planning adds at most
WORD = re.compile(r"[\w'’-]+")


@dataclass(slots=True)
class Proposal:
    """A member that planning proposes. `scenes` are indexes of the new scenes."""

    kind: str
    name: str
    aliases: list[str] = field(default_factory=list)
    description: str = ""
    description_en: str = ""
    scenes: set[int] = field(default_factory=set)


def write(
    story: Story,
    made: Sequence[Scene],
    planned: Sequence[dict[str, Any]],
    spoken: Sequence[Sequence[Spoken]],
    from_plan: Iterable[Any],
) -> None:
    """Add the proposed members and their appearances in the new scenes.

    `from_plan`: the cast in the planner's result; what cannot be read is left out. The caller holds
    the story's lock. At most five queries.
    """
    proposals = _merged([*_planned(from_plan, len(made)), *_speakers(spoken)])
    members = list(
        CastMember.objects.filter(story=story).order_by("deleted_at", "created_at", "id")
    )
    known = by_name(
        [member for member in members if member.deleted_at is None]
        + [member for member in members if member.deleted_at is not None]
    )
    room = min(PROPOSED, MAX_MEMBERS - sum(member.deleted_at is None for member in members))
    taken = {member.name for member in members if member.deleted_at is None}
    new: list[CastMember] = []
    for proposal in proposals:
        if any(key_of(name) in known for name in (proposal.name, *proposal.aliases)):
            continue
        if len(new) < room and proposal.name not in taken:
            member = CastMember(
                story=story,
                kind=proposal.kind,
                name=proposal.name,
                aliases=proposal.aliases,
                description=proposal.description,
                description_en=proposal.description_en,
                proposed=True,
            )
            new.append(member)
            known |= {key_of(name): member for name in member.names if key_of(name) not in known}
    CastMember.objects.bulk_create(new)
    Look.objects.bulk_create(Look(member=member) for member in new)
    _show(made, planned, proposals, known)


def _show(
    made: Sequence[Scene],
    planned: Sequence[dict[str, Any]],
    proposals: Sequence[Proposal],
    known: dict[str, CastMember],
) -> None:
    """Write who is in which scene: as the planner says, or because the scene names them."""
    live = {member.pk: member for member in known.values() if member.deleted_at is None}
    looks: dict[Any, Look] = {}
    for look in Look.live.filter(member__in=live).order_by("created_at", "id"):
        looks.setdefault(look.member_id, look)
    shown: list[dict[Any, None]] = [{} for _scene in made]
    for proposal in proposals:
        member = known.get(key_of(proposal.name))
        if member is not None and member.pk in live:
            for index in proposal.scenes:
                shown[index][member.pk] = None
    for index, part in enumerate(planned):
        words = _words(f"{part['title']} {part['narration']} {part['prompt']}")
        for member in live.values():
            if any(is_named(name, words) for name in member.names):
                shown[index][member.pk] = None
    SceneCast.objects.bulk_create(
        SceneCast(scene=scene, member=live[pk], look=looks[pk])
        for scene, found in zip(made, shown, strict=True)
        for pk in list(found)[:MAX_IN_SCENE]
        if pk in looks
    )


def _words(text: str) -> list[str]:
    return [word.casefold() for word in WORD.findall(text)]


def is_named(name: str, words: Sequence[str]) -> bool:
    """Whether the words contain the name, with a Korean particle or an English 's after it."""
    parts = _words(name)
    if not parts:
        return False
    *first, last = parts
    for at in range(len(words) - len(parts) + 1):
        if list(words[at : at + len(first)]) == first and _is(words[at + len(first)], last):
            return True
    return False


def _is(word: str, name: str) -> bool:
    if word == name or word in {f"{name}'s", f"{name}’s"}:
        return True
    return word.startswith(name) and follows_name(word[len(name) :])


def _merged(proposals: Iterable[Proposal]) -> list[Proposal]:
    """One proposal for each name. The first that describes a member says what it is."""
    found: list[Proposal] = []
    at: dict[str, Proposal] = {}
    for proposal in proposals:
        same = next(
            (at[key_of(n)] for n in (proposal.name, *proposal.aliases) if key_of(n) in at), None
        )
        if same is None:
            found.append(proposal)
            same = proposal
        else:
            same.scenes |= proposal.scenes
            same.description = same.description or proposal.description
            same.description_en = same.description_en or proposal.description_en
        for name in (proposal.name, *proposal.aliases):
            at.setdefault(key_of(name), same)
    return found


def _speakers(spoken: Sequence[Sequence[Spoken]]) -> list[Proposal]:
    """Those who speak in the script, with the scenes in which they speak."""
    found: dict[str, Proposal] = {}
    for index, lines in enumerate(spoken):
        for line in lines:
            if name := line.speaker.strip()[:MAX_NAME]:
                found.setdefault(key_of(name), Proposal(CastKind.CHARACTER, name)).scenes.add(index)
    return list(found.values())


def _planned(from_plan: Iterable[Any], scenes: int) -> list[Proposal]:
    found = []
    for one in composed_values(list(from_plan) if isinstance(from_plan, list) else [])[:PROPOSED]:
        name = _text(one.get("name"), MAX_NAME) if isinstance(one, dict) else ""
        if not name:
            continue
        kind = one.get("kind")
        aliases = one.get("aliases")
        numbers = one.get("scenes")
        found.append(
            Proposal(
                kind if kind in CastKind.values else CastKind.CHARACTER,
                name,
                [
                    alias
                    for alias in (_text(a, MAX_NAME) for a in _list(aliases)[:MAX_ALIASES])
                    if alias and key_of(alias) != key_of(name)
                ],
                _text(one.get("description"), MAX_DESCRIPTION),
                _text(one.get("description_en"), MAX_DESCRIPTION),
                {
                    int(n) - 1
                    for n in _list(numbers)
                    if isinstance(n, int | float) and 1 <= n <= scenes
                },
            )
        )
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any, most: int) -> str:
    return value.strip()[:most].strip() if isinstance(value, str) else ""
