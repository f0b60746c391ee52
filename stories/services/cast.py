"""The cast of a story: its members, their looks, and which scenes show them.

Nothing here costs money. A changed description makes the takes of the scenes that show it stale;
a changed name does not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed
from stories.enums import CastKind
from stories.errors import Conflict, GuardRefused, Invalid
from stories.models import CastMember, Look, Scene, SceneCast, Story
from stories.models.cast import MAX_DESCRIPTION, MAX_NAME

from . import waking
from .cast_names import MAX_ALIASES, MAX_IN_SCENE, MAX_MEMBERS, key_of
from .locking import locked_for_words, locked_story
from .speech_prediction_jobs import predict_on_commit

MAX_LOOKS = 20  # of a member
TEXTS = {"name": MAX_NAME, "description": MAX_DESCRIPTION, "description_en": MAX_DESCRIPTION}
MEMBER = ("kind", "name", "aliases", "description", "description_en")
LOOK = ("name", "description", "description_en")


@dataclass(frozen=True, slots=True)
class Appearance:
    """A member in one of its looks, as a person puts it into a scene."""

    look_id: UUID
    with_sheet: bool = True


def members_of(story: Story) -> QuerySet[CastMember]:
    """The live members with their live looks and selected sheets. Two queries."""
    looks = Look.live.select_related("sheet").order_by("created_at", "id")
    return (
        CastMember.live.filter(story=story)
        .prefetch_related(Prefetch("looks", queryset=looks))
        .order_by("kind", "created_at", "id")
    )


# Members


def _checked(values: dict[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    """The values, trimmed and composed. Raises Invalid."""
    if unknown := set(values) - set(allowed):
        raise Invalid(
            gettext_noop("The cast has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    found = dict(values)
    for name in TEXTS.keys() & values.keys():
        found[name] = composed(visible.stripped(str(values[name])))
        if len(found[name]) > TEXTS[name]:
            raise Invalid(
                gettext_noop("At most %(most)s characters."), most=TEXTS[name], field=name
            )
    if "kind" in values and values["kind"] not in CastKind.values:
        raise Invalid(
            gettext_noop("“%(kind)s” is not a kind of cast member."),
            kind=str(values["kind"]),
            field="kind",
        )
    if "aliases" in values:
        found["aliases"] = _aliases(values["aliases"])
    return found


def _aliases(names: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(filter(None, (composed(visible.stripped(n)) for n in names))))
    if len(found) > MAX_ALIASES:
        raise Invalid(
            gettext_noop("At most %(most)s other names."), most=MAX_ALIASES, field="aliases"
        )
    if any(len(name) > MAX_NAME for name in found):
        raise Invalid(gettext_noop("At most %(most)s characters."), most=MAX_NAME, field="aliases")
    return found


def require_name(story: Story, name: str, *, besides: CastMember | None = None) -> None:
    """Raises Invalid for an empty name, or one that another live member of the story has."""
    if not visible.is_visible(name):
        raise Invalid(gettext_noop("A cast member needs a name."), field="name")
    others = CastMember.live.filter(story=story)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if any(key_of(other) == key_of(name) for other in others.values_list("name", flat=True)):
        raise Invalid(
            gettext_noop("The cast has somebody named “%(name)s” already."), name=name, field="name"
        )


def require_room(story: Story) -> None:
    """Raises Invalid if the cast is full. The caller holds the story's lock."""
    if CastMember.live.filter(story=story).count() >= MAX_MEMBERS:
        raise Invalid(
            gettext_noop("A story has at most %(most)s cast members."),
            most=MAX_MEMBERS,
            field="name",
        )


def create_member(story_id: UUID | str, *, actor: Any, **values: Any) -> CastMember:
    """Add a member with a first look. `values`: see `MEMBER`; `name` is required.

    Raises Story.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    wanted = _checked(values, MEMBER)
    with transaction.atomic():
        story = locked_story(story_id, actor)
        require_name(story, wanted.get("name", ""))
        require_room(story)
        member = CastMember.objects.create(story=story, **wanted)
        Look.objects.create(member=member)
    return member


def locked_member(member_id: UUID | str, actor: Any) -> CastMember:
    """The live member, read under its story's lock.

    Raises CastMember.DoesNotExist, Forbidden, GuardRefused, or Conflict if it is deleted.
    """
    story = locked_story(
        CastMember.objects.values_list("story_id", flat=True).get(pk=member_id), actor
    )
    member = CastMember.objects.get(pk=member_id)
    if member.deleted_at is not None:
        raise Conflict(gettext_noop("This cast member has been deleted. Nothing was changed."))
    member.story = story
    return member


def edit_member(member_id: UUID | str, *, actor: Any, **values: Any) -> CastMember:
    """Change a member. An earlier name stays as another name, so that its lines keep their speaker.

    Raises as `create_member`, CastMember.DoesNotExist, or Conflict if it is deleted.
    """
    wanted = _checked(values, MEMBER)
    with transaction.atomic():
        member = locked_member(member_id, actor)
        before = member.name
        for name, value in wanted.items():
            setattr(member, name, value)
        if key_of(member.name) != key_of(before):
            require_name(member.story, member.name, besides=member)
            if before not in member.aliases:
                member.aliases = [*member.aliases, before][-MAX_ALIASES:]
        elif "name" in wanted:
            require_name(member.story, member.name, besides=member)
        member.aliases = [name for name in member.aliases if key_of(name) != key_of(member.name)]
        member.proposed = False
        member.save()
        waking.wake_story_jobs_on_commit(member.story_id)
        predict_on_commit(member.story_id)
    return member


def delete_member(member_id: UUID | str, *, actor: Any) -> CastMember:
    """Take the member out of the story and its scenes. It can be restored with its sheets."""
    with transaction.atomic():
        member = locked_member(member_id, actor)
        member.deleted_at = timezone.now()
        member.save(update_fields=["deleted_at", "updated_at"])
        waking.wake_story_jobs_on_commit(member.story_id)
        predict_on_commit(member.story_id)
    return member


def restore_member(member_id: UUID | str, *, actor: Any) -> CastMember:
    """Undo `delete_member`, with the scenes that showed the member."""
    with transaction.atomic():
        story = locked_story(
            CastMember.objects.values_list("story_id", flat=True).get(pk=member_id), actor
        )
        member = CastMember.objects.get(pk=member_id)
        if member.deleted_at is not None:
            require_name(story, member.name, besides=member)
            member.deleted_at = None
            member.save(update_fields=["deleted_at", "updated_at"])
            waking.wake_story_jobs_on_commit(story.pk)
            predict_on_commit(story.pk)
    return member


# Looks


def add_look(member_id: UUID | str, *, actor: Any, **values: Any) -> Look:
    """Add a look to a member. `values`: see `LOOK`; `name` is required. Raises as `edit_member`."""
    wanted = _checked(values, LOOK)
    with transaction.atomic():
        member = locked_member(member_id, actor)
        _require_look_name(member, wanted.get("name", ""))
        if Look.live.filter(member=member).count() >= MAX_LOOKS:
            raise Invalid(
                gettext_noop("A cast member has at most %(most)s looks."),
                most=MAX_LOOKS,
                field="name",
            )
        return Look.objects.create(member=member, **wanted)


def _require_look_name(member: CastMember, name: str, *, besides: Look | None = None) -> None:
    if not visible.is_visible(name):
        raise Invalid(gettext_noop("A look needs a name."), field="name")
    others = Look.live.filter(member=member)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if any(key_of(other) == key_of(name) for other in others.values_list("name", flat=True)):
        raise Invalid(
            gettext_noop("%(member)s has a look named “%(name)s” already."),
            member=member.name,
            name=name,
            field="name",
        )


def locked_look(look_id: UUID | str, actor: Any) -> Look:
    """The live look, read under its story's lock.

    Raises Look.DoesNotExist, and as `locked_member`.
    """
    member = locked_member(Look.objects.values_list("member_id", flat=True).get(pk=look_id), actor)
    look = Look.objects.select_related("sheet").get(pk=look_id)
    if look.deleted_at is not None:
        raise Conflict(gettext_noop("This look has been deleted. Nothing was changed."))
    look.member = member
    return look


def edit_look(look_id: UUID | str, *, actor: Any, **values: Any) -> Look:
    """Change a look. Raises as `edit_member`, and Look.DoesNotExist."""
    wanted = _checked(values, LOOK)
    with transaction.atomic():
        look = locked_look(look_id, actor)
        if "name" in wanted and (wanted["name"] or look.name):
            _require_look_name(look.member, wanted["name"], besides=look)
        for name, value in wanted.items():
            setattr(look, name, value)
        look.save()
        CastMember.objects.filter(pk=look.member_id).update(proposed=False)
        waking.wake_story_jobs_on_commit(look.member.story_id)
    return look


def delete_look(look_id: UUID | str, *, actor: Any) -> Look:
    """Remove a look that no scene shows. Its sheets are kept.

    Raises GuardRefused if it is the only one or a scene shows it.
    """
    with transaction.atomic():
        look = locked_look(look_id, actor)
        if Look.live.filter(member=look.member).count() == 1:
            raise GuardRefused(gettext_noop("A cast member has at least one look."))
        shown = SceneCast.objects.filter(look=look, scene__deleted_at=None)
        places = list(
            shown.order_by("scene__position").values_list("scene__position", flat=True)[:20]
        )
        if places:
            raise GuardRefused(
                gettext_noop("Scenes show this look: %(scenes)s. Choose another look there first."),
                scenes=", ".join(map(str, places)),
            )
        look.deleted_at = timezone.now()
        look.save(update_fields=["deleted_at"])
    return look


# Scenes


def set_scene_cast(
    scene_id: UUID | str, *, actor: Any, appearances: Sequence[Appearance], expected: Any = None
) -> Scene:
    """Let the scene show exactly these members in these looks.

    `expected` is the `updated_at` that the person saw. Raises Scene.DoesNotExist, Forbidden,
    GuardRefused, Conflict, or Invalid with the index in `field`.
    """
    if len(appearances) > MAX_IN_SCENE:
        raise Invalid(
            gettext_noop("A scene shows at most %(most)s cast members."),
            most=MAX_IN_SCENE,
            field="cast",
        )
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(
                gettext_noop("Somebody else has changed this scene since you opened it.")
            )
        looks = {
            look.pk: look
            for look in Look.live.filter(
                pk__in=[one.look_id for one in appearances],
                member__story=story,
                member__deleted_at=None,
            )
        }
        wanted: dict[UUID, Appearance] = {}
        for index, one in enumerate(appearances):
            look = looks.get(one.look_id)
            if look is None:
                raise Invalid(gettext_noop("The cast has no such look."), field=f"{index}/look_id")
            if look.member_id in wanted:
                raise Invalid(
                    gettext_noop("A scene shows a cast member in one look only."),
                    field=f"{index}/look_id",
                )
            wanted[look.member_id] = one
        _write(scene, wanted)
        scene.save(update_fields=["updated_at"])
        waking.wake_story_jobs_on_commit(story.pk)
    return scene


def _write(scene: Scene, wanted: dict[UUID, Appearance]) -> None:
    """Change only the rows that differ. Rows of deleted members stay for when they are restored."""
    standing = {
        row.member_id: row for row in SceneCast.objects.filter(scene=scene, member__deleted_at=None)
    }
    gone = [row.pk for key, row in standing.items() if key not in wanted]
    SceneCast.objects.filter(pk__in=gone).delete()
    for key, one in wanted.items():
        row = standing.get(key)
        if row is None:
            SceneCast.objects.create(
                scene=scene, member_id=key, look_id=one.look_id, with_sheet=one.with_sheet
            )
        elif (row.look_id, row.with_sheet) != (one.look_id, one.with_sheet):
            row.look_id, row.with_sheet = one.look_id, one.with_sheet
            row.save(update_fields=["look", "with_sheet"])


def copy(scene: Scene, target: Scene) -> None:
    """Let a new scene show what the other one shows. The caller holds the story's lock."""
    SceneCast.objects.bulk_create(
        SceneCast(
            scene=target, member_id=row.member_id, look_id=row.look_id, with_sheet=row.with_sheet
        )
        for row in SceneCast.objects.filter(scene=scene)
    )


def merge(scene: Scene, other: Scene) -> None:
    """Let a scene also show what the other one shows. The caller holds the story's lock."""
    shown = set(SceneCast.objects.filter(scene=scene).values_list("member_id", flat=True))
    SceneCast.objects.bulk_create(
        SceneCast(
            scene=scene, member_id=row.member_id, look_id=row.look_id, with_sheet=row.with_sheet
        )
        for row in SceneCast.objects.filter(scene=other).order_by("id")
        if row.member_id not in shown
    )
