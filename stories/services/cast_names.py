"""How many members a cast may have, and how a name finds its member."""

from collections.abc import Iterable

from core.unicode_normalization import composed
from stories.models import CastMember

MAX_MEMBERS = 200  # of a story
MAX_ALIASES = 20
MAX_IN_SCENE = 12  # members


def key_of(name: str) -> str:
    """What two names that mean the same have in common."""
    return " ".join(composed(name).split()).casefold()


def by_name(members: Iterable[CastMember]) -> dict[str, CastMember]:
    """The members by the `key_of` each of their names. A name comes before an earlier one."""
    found: dict[str, CastMember] = {}
    listed = list(members)
    for member in listed:
        found.setdefault(key_of(member.name), member)
    for member in listed:
        for alias in member.aliases:
            found.setdefault(key_of(alias), member)
    return found
