"""The studio's library of cast members: put a member there, use a version, take a newer one.

A story keeps the version that it uses until a person takes a newer one, for this story alone.
Nothing here costs money; what a newer version makes stale is quoted before.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from stories.enums import ReviewStatus, TakeKind, TakeSource
from stories.errors import Conflict, Invalid
from stories.models import (
    CastMember,
    LibraryLook,
    LibraryMember,
    LibraryVersion,
    Look,
    SceneCast,
    SheetTake,
    Story,
)

from . import waking
from .cast import locked_member, require_name, require_room
from .cast_names import MAX_ALIASES, key_of
from .locking import locked_story
from .permissions import sees_all, stories_for
from .plan import Item, load_scenes, plan_generation

OWN = ("kind", "name", "aliases", "description", "description_en")
OF_LOOK = ("name", "description", "description_en")
OF_FILE = ("file", "sha256", "mime", "width", "height")
MOST_SHOWN = 200  # to choose from
ONLY_ONE = gettext_noop("The library has exactly this version already.")
ANOTHER = gettext_noop(
    "Somebody else has just added a version to the library. Nothing was changed."
)
NOT_NEWER = gettext_noop("This is not the newest version of the library. Nothing was changed.")


def versions_for(user: Any) -> QuerySet[LibraryVersion]:
    """All versions; none for somebody who may see no stories but their own."""
    return LibraryVersion.objects.all() if sees_all(user) else LibraryVersion.objects.none()


def newest_versions(user: Any) -> QuerySet[LibraryVersion]:
    """The newest version of each member of the library, with its looks, the latest first.

    Nothing for somebody who may see no stories but their own. Two queries.
    """
    newer = LibraryVersion.objects.filter(member=OuterRef("member"), number__gt=OuterRef("number"))
    return (
        versions_for(user)
        .filter(~Exists(newer))
        .prefetch_related(Prefetch("looks", LibraryLook.objects.order_by("position")))
        .order_by("-created_at", "id")
    )


def uses_of(members: Iterable[UUID], *, user: Any) -> dict[UUID, list[CastMember]]:
    """The members of casts that come from these members of the library, in the stories that this
    person may see. Each has its story and its version. One query.
    """
    rows = (
        CastMember.live.filter(library__member__in=list(members), story__in=stories_for(user))
        .select_related("story", "library")
        .order_by("story__title", "id")
    )
    found: dict[UUID, list[CastMember]] = {}
    for row in rows:
        assert row.library
        found.setdefault(row.library.member_id, []).append(row)
    return found


def newer_than_pinned(members: Iterable[CastMember]) -> dict[UUID, LibraryVersion]:
    """For members of the library with a newer version: that version, by member. Two queries."""
    pinned = {member.pk: member.library_id for member in members if member.library_id}
    if not pinned:
        return {}
    versions = LibraryVersion.objects.in_bulk(list(set(pinned.values())))
    newest: dict[UUID, LibraryVersion] = {}
    of = {version.member_id for version in versions.values()}
    for version in LibraryVersion.objects.filter(member__in=of).order_by("number"):
        newest[version.member_id] = version
    found = {}
    for key, version_id in pinned.items():
        used = versions[version_id]
        if newest[used.member_id].number > used.number:
            found[key] = newest[used.member_id]
    return found


# Into the library


def publish(member_id: UUID | str, *, actor: Any) -> LibraryVersion:
    """Put the member into the library, or its present state as a new version.

    Raises CastMember.DoesNotExist, Forbidden, GuardRefused, Conflict or Invalid (unchanged).
    """
    with transaction.atomic():
        member = locked_member(member_id, actor)
        looks = list(Look.live.filter(member=member).select_related("sheet").order_by(*FIRST))
        before = (
            LibraryVersion.objects.filter(pk=member.library_id).first()
            if member.library_id
            else None
        )
        newest = _newest(before) if before else None
        if newest is not None and _content(newest) == _content_of(member, looks):
            raise Invalid(ONLY_ONE, field="member")
        for look in looks:
            if look.library_key is None:
                look.library_key = uuid.uuid4()
                look.save(update_fields=["library_key"])
        try:
            with transaction.atomic():
                version = LibraryVersion.objects.create(
                    member=before.member if before else LibraryMember.objects.create(),
                    number=newest.number + 1 if newest else 1,
                    made_by=actor,
                    **{name: getattr(member, name) for name in OWN},
                )
        except IntegrityError:
            raise Conflict(ANOTHER) from None
        LibraryLook.objects.bulk_create(
            LibraryLook(
                version=version,
                key=key,
                position=place,
                **{name: getattr(look, name) for name in OF_LOOK},
                **_file_of(look),
            )
            for place, look in enumerate(looks)
            if (key := look.library_key)
        )
        CastMember.objects.filter(pk=member.pk).update(library=version)
    return version


FIRST = ("created_at", "id")


def _newest(version: LibraryVersion) -> LibraryVersion:
    return LibraryVersion.objects.filter(member=version.member_id).order_by("-number")[0]


def _file_of(look: Look) -> dict[str, Any]:
    """The look's selected sheet, unless it is rejected."""
    sheet = look.sheet
    if sheet is None or sheet.review_status == ReviewStatus.REJECTED:
        return {}
    return {name: getattr(sheet, name) for name in OF_FILE}


def _content_of(member: CastMember, looks: Iterable[Look]) -> Any:
    return [getattr(member, name) for name in OWN], [
        (
            look.library_key,
            [getattr(look, name) for name in OF_LOOK],
            _file_of(look).get("sha256", ""),
        )
        for look in looks
    ]


def _content(version: LibraryVersion) -> Any:
    return [getattr(version, name) for name in OWN], [
        (look.key, [getattr(look, name) for name in OF_LOOK], look.sha256)
        for look in version.looks.order_by("position")
    ]


# Out of the library


def use(story_id: UUID | str, version_id: UUID | str, *, actor: Any) -> CastMember:
    """Add this version of a library member to the story's cast.

    Raises Story.DoesNotExist, LibraryVersion.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    version = LibraryVersion.objects.get(pk=version_id)
    with transaction.atomic():
        story = locked_story(story_id, actor)
        require_room(story)
        require_name(story, version.name)
        member = CastMember.objects.create(
            story=story, library=version, **{name: getattr(version, name) for name in OWN}
        )
        for look in version.looks.order_by("position"):
            _add_look(member, look, actor)
    return member


def _add_look(member: CastMember, shown: LibraryLook, actor: Any) -> None:
    look = Look.objects.create(
        member=member,
        library_key=shown.key,
        **{name: getattr(shown, name) for name in OF_LOOK},
    )
    _put_sheet(look, shown, actor)


def _put_sheet(look: Look, shown: LibraryLook, actor: Any) -> None:
    """Select the library's sheet, which becomes one of the look's sheets if it is none yet."""
    if not shown.file:
        return
    sheet = (
        SheetTake.objects.filter(look=look, sha256=shown.sha256)
        .exclude(review_status=ReviewStatus.REJECTED)
        .first()
    )
    if sheet is None:
        sheet = SheetTake.objects.create(
            look=look,
            source=TakeSource.UPLOADED,
            made_by=actor,
            **{name: getattr(shown, name) for name in OF_FILE},
        )
    Look.objects.filter(pk=look.pk).update(sheet=sheet)


def update(member_id: UUID | str, *, actor: Any, version_id: UUID | str) -> CastMember:
    """Let the story use this newer version: the newest one, which the person has seen.

    Looks that only this story has stay. Raises CastMember.DoesNotExist, Forbidden, GuardRefused,
    Conflict (it is no longer the newest) or Invalid.
    """
    with transaction.atomic():
        member = locked_member(member_id, actor)
        newer = newer_than_pinned([member]).get(member.pk)
        if newer is None or str(newer.pk) != str(version_id):
            raise Conflict(NOT_NEWER)
        _apply(member, newer, actor)
        waking.wake_story_jobs_on_commit(member.story_id)
    return member


def _apply(member: CastMember, version: LibraryVersion, actor: Any) -> None:
    if key_of(member.name) != key_of(version.name):
        require_name(member.story, version.name, besides=member)
    names = [*version.aliases, *member.names]
    for name in OWN:
        setattr(member, name, getattr(version, name))
    # Lines find their speaker by an earlier name, too.
    earlier = dict.fromkeys(name for name in names if key_of(name) != key_of(version.name))
    member.aliases = list(earlier)[-MAX_ALIASES:]
    member.library = version
    member.save()
    standing = {look.library_key: look for look in Look.live.filter(member=member)}
    shown = list(version.looks.order_by("position"))
    for one in shown:
        look = standing.pop(one.key, None)
        if look is None:
            _add_look(member, one, actor)
            continue
        for name in OF_LOOK:
            setattr(look, name, getattr(one, name))
        look.save(update_fields=list(OF_LOOK))
        _put_sheet(look, one, actor)
    gone = [look.pk for key, look in standing.items() if key is not None]
    used = SceneCast.objects.filter(look__in=gone).values_list("look_id", flat=True)
    Look.objects.filter(pk__in=set(gone) - set(used)).update(deleted_at=timezone.now())


@dataclass(frozen=True, slots=True)
class Quote:
    """What a newer version would make stale in the story, and the price in USD to redo it."""

    version: LibraryVersion
    pictures: list[Item]
    clips: list[Item]

    @property
    def total(self) -> Decimal:
        return sum((item.total for item in (*self.pictures, *self.clips)), Decimal(0))

    @property
    def scenes(self) -> list[int]:
        return sorted({item.position for item in (*self.pictures, *self.clips)})


def quote(member_id: UUID | str, *, actor: Any) -> Quote:
    """What the newest version would cost this story. Nothing is changed.

    The version is applied and taken back in one transaction, so that the plan itself says what
    becomes stale. Raises as `update`.
    """
    with transaction.atomic():
        member = locked_member(member_id, actor)
        newer = newer_than_pinned([member]).get(member.pk)
        if newer is None:
            raise Conflict(NOT_NEWER)
        before = _stale(member.story)
        with transaction.atomic():
            _apply(member, newer, actor)
            after = _stale(member.story)
            transaction.set_rollback(True)
    pictures, clips = (
        [item for item in after[kind] if item.key not in {old.key for old in before[kind]}]
        for kind in TakeKind.values
    )
    return Quote(newer, pictures, clips)


def _stale(story: Story) -> dict[str, list[Item]]:
    scenes = load_scenes(story)
    return {
        kind: plan_generation(story, kind, mode="stale", scenes=scenes).todo
        for kind in TakeKind.values
    }
