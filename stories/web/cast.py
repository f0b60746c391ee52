"""The Cast tab of a story, the page of a member, and who is in a scene."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET, require_POST

from core.admin.display import money
from core.localized_messages import DomainError
from core.numbers import whole_number
from providers.models import AIProviderConfig
from stories.enums import CastKind, ReviewStatus
from stories.errors import ApprovalNeeded, Invalid
from stories.models import CastMember, LibraryVersion, Look, Scene, SceneCast, SheetTake, Story
from stories.services import cast as domain
from stories.services import library, sheets
from stories.services.cast_names import by_name, key_of
from stories.services.locking import CLOSED
from stories.services.permissions import is_story_owner
from stories.services.sheet_generation import generate_sheet
from stories.services.sheets import SheetPlan, plan_sheets
from stories.services.sound import cast_of

from . import story_pages
from .form_values import confirmed_price
from .responses import BoardUpdate, errors_as_responses, respond, scene_or_404

VARIANTS = 3


@dataclass(frozen=True, slots=True)
class ShownLook:
    """A look with the price of one more sheet, and on its member's page all its sheets."""

    look: Look
    plan: SheetPlan
    takes: list[SheetTake]

    @property
    def price_three(self) -> Decimal | None:
        return None if self.plan.price is None else VARIANTS * self.plan.price

    @property
    def picture(self) -> str:
        return sheet_url(self.look.sheet) if self.look.sheet else ""

    @property
    def offers(self) -> list["ShownSheet"]:
        return [ShownSheet(take, chosen=take.pk == self.look.sheet_id) for take in self.takes]


@dataclass(frozen=True, slots=True)
class ShownSheet:
    take: SheetTake
    chosen: bool

    @property
    def picture(self) -> str:
        return sheet_url(self.take)


@dataclass(frozen=True, slots=True)
class ShownMember:
    """A member with its looks, the scenes that show it, and its voice if it speaks."""

    member: CastMember
    looks: list[ShownLook]
    scenes: list[Scene]
    voice: Any = None

    @property
    def picture(self) -> str:
        return next((look.picture for look in self.looks if look.picture), "")


def sheet_url(take: SheetTake, width: int = 640) -> str:
    """The URL of a sheet's thumbnail; it contains the content hash and may be cached forever."""
    return reverse("stories:sheet_thumb", args=[take.pk, take.sha256[:12], width])


def shown_members(
    story: Story, members: Iterable[CastMember], *, with_takes: bool = False
) -> list[ShownMember]:
    """The members as a page shows them. At most nine queries, whatever their number."""
    members = list(members)
    looks = [look for member in members for look in member.looks.all()]
    plans = {plan.look.pk: plan for plan in plan_sheets(story, looks)}
    takes: dict[UUID, list[SheetTake]] = {}
    if with_takes:
        for take in SheetTake.objects.filter(look__in=looks).select_related("made_by"):
            takes.setdefault(take.look_id, []).append(take)
    scenes: dict[UUID, list[Scene]] = {}
    rows = SceneCast.objects.filter(scene__story=story, scene__deleted_at=None)
    for row in rows.select_related("scene__image_take").order_by("scene__position"):
        scenes.setdefault(row.member_id, []).append(row.scene)
    voices = cast_of(story).voices
    return [
        ShownMember(
            member,
            [
                ShownLook(look, plans[look.pk], takes.get(look.pk, []))
                for look in member.looks.all()
            ],
            scenes.get(member.pk, []),
            next((voices[name] for name in member.names if name in voices), None),
        )
        for member in members
    ]


def _may_change(request: HttpRequest, story: Story) -> bool:
    return is_story_owner(request.user, story) and story.status not in CLOSED


@require_GET
def page(request: HttpRequest, story_id: UUID) -> HttpResponse:
    """The cast of a story, by kind."""
    story = story_pages.story_or_404(request, story_id)
    shown = shown_members(story, domain.members_of(story))
    groups = [(kind.label, [one for one in shown if one.member.kind == kind]) for kind in CastKind]
    values = {
        "groups": [group for group in groups if group[1]],
        "kinds": CastKind.choices,
        "may_change": _may_change(request, story),
        "library": library.newest_versions(request.user)[: library.MOST_SHOWN],
        "newer": _newer_versions(shown),
        "removed": CastMember.objects.filter(story=story, deleted_at__isnull=False)[:50],
        "provider_names": dict(AIProviderConfig.objects.values_list("provider", "name")),
    }
    return TemplateResponse(
        request,
        "studio/story/cast.html",
        story_pages.context(request, story, tab="cast", **values),
    )


def _newer_versions(shown: list[ShownMember]) -> list[tuple[CastMember, LibraryVersion]]:
    """The members for which the library has a newer version than the story uses."""
    members = [one.member for one in shown]
    newer = library.newer_than_pinned(members)
    return [(member, newer[member.pk]) for member in members if member.pk in newer]


@require_GET
def newer_page(request: HttpRequest, story_id: UUID, member_id: UUID) -> HttpResponse:
    """What the library's newest version of a member would make stale, and for how much."""
    story = story_pages.story_or_404(request, story_id)
    member = _member(story, member_id)
    try:
        quote = library.quote(member.pk, actor=request.user)
    except DomainError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(member_url(story, member.pk))
    return TemplateResponse(
        request,
        "studio/story/member_newer.html",
        story_pages.context(request, story, tab="cast", member=member, quote=quote),
    )


@require_GET
def member_page(request: HttpRequest, story_id: UUID, member_id: UUID) -> HttpResponse:
    """A member with its looks, all their sheets, and all its scenes."""
    story = story_pages.story_or_404(request, story_id)
    found = list(domain.members_of(story).select_related("library").filter(pk=member_id))
    if not found:
        raise Http404
    (shown,) = shown_members(story, found, with_takes=True)
    names = dict(AIProviderConfig.objects.values_list("provider", "name"))
    values = {
        "one": shown,
        "newer": library.newer_than_pinned([shown.member]).get(shown.member.pk),
        "kinds": CastKind.choices,
        "may_change": _may_change(request, story),
        "provider_names": names,
        "image_provider": names.get(story.image_provider, story.image_provider),
    }
    return TemplateResponse(
        request,
        "studio/story/member.html",
        story_pages.context(request, story, tab="cast", **values),
    )


# Actions. Each is a form that works without scripts and leads back to its page.

type Action = Callable[..., tuple[str, str]]  # what was done, and where to go


def action(view: Action) -> Callable[..., HttpResponse]:
    """Decorator: POST only; expected failures become a message on the page that sent the form."""

    @require_POST
    @wraps(view)
    def answer(request: HttpRequest, story_id: UUID, **values: Any) -> HttpResponse:
        story = story_pages.story_or_404(request, story_id)
        try:
            message, to = view(request, story, **values)
            messages.success(request, message)
        except DomainError as error:
            asked = isinstance(error, ApprovalNeeded) and error.new
            messages.add_message(request, messages.INFO if asked else messages.ERROR, str(error))
            to = _back(story, values)
        return HttpResponseRedirect(to)

    return answer


def _back(story: Story, values: dict[str, Any]) -> str:
    member = values.get("member_id")
    if (look := values.get("look_id")) is not None:
        member = Look.objects.filter(pk=look).values_list("member_id", flat=True).first()
    if (take := values.get("take_id")) is not None:
        rows = SheetTake.objects.filter(pk=take)
        member = rows.values_list("look__member_id", flat=True).first()
    return member_url(story, member) if member else cast_url(story)


def cast_url(story: Story) -> str:
    return reverse("admin:stories_story_cast", args=[story.pk])


def member_url(story: Story, member_id: Any, anchor: str = "") -> str:
    return reverse("admin:stories_story_member", args=[story.pk, member_id]) + anchor


def _sent(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.POST[name] for name in names if name in request.POST}


@action
def add(request: HttpRequest, story: Story) -> tuple[str, str]:
    values = _sent(request, "kind", "name", "description", "description_en")
    member = domain.create_member(story.pk, actor=request.user, **values)
    return _("%(name)s is in the cast.") % {"name": member.name}, member_url(story, member.pk)


@action
def use_library(request: HttpRequest, story: Story) -> tuple[str, str]:
    version = LibraryVersion.objects.filter(pk=_uuid(request.POST.get("version", ""))).first()
    if version is None:
        raise Invalid(gettext_noop("The library has no such version."), field="version")
    member = library.use(story.pk, version.pk, actor=request.user)
    return _("%(name)s is in the cast.") % {"name": member.name}, member_url(story, member.pk)


def _member(story: Story, member_id: UUID) -> CastMember:
    member = CastMember.objects.filter(pk=member_id, story=story).first()
    if member is None:
        raise Http404
    return member


@action
def change_member(request: HttpRequest, story: Story, member_id: UUID, act: str) -> tuple[str, str]:
    member, actor = _member(story, member_id), request.user
    page = member_url(story, member.pk)
    if act == "edit":
        values: dict[str, Any] = _sent(request, "kind", "name", "description", "description_en")
        if "aliases" in request.POST:
            values["aliases"] = request.POST["aliases"].split(",")
        domain.edit_member(member.pk, actor=actor, **values)
        return _("Saved."), page
    if act == "look":
        values = _sent(request, "name", "description", "description_en")
        look = domain.add_look(member.pk, actor=actor, **values)
        return _("The look is added."), f"{page}#look-{look.pk}"
    if act == "publish":
        version = library.publish(member.pk, actor=actor)
        message = _("%(name)s is in the library: version %(number)s.")
        return message % {"name": version.name, "number": version.number}, page
    if act == "newer":
        library.update(member.pk, actor=actor, version_id=_uuid(request.POST.get("version", "")))
        return _("The story uses the newer version."), page
    if act == "remove":
        domain.delete_member(member.pk, actor=actor)
        message = _("%(name)s is removed and can be restored.") % {"name": member.name}
        return message, cast_url(story)
    if act == "restore":
        domain.restore_member(member.pk, actor=actor)
        return _("%(name)s is in the cast again.") % {"name": member.name}, page
    raise Http404


@action
def change_look(request: HttpRequest, story: Story, look_id: UUID, act: str) -> tuple[str, str]:
    look = Look.objects.filter(pk=look_id, member__story=story).first()
    if look is None:
        raise Http404
    actor, page = request.user, member_url(story, look.member_id, f"#look-{look.pk}")
    if act == "edit":
        values = _sent(request, "name", "description", "description_en")
        domain.edit_look(look.pk, actor=actor, **values)
        return _("Saved."), page
    if act == "remove":
        domain.delete_look(look.pk, actor=actor)
        return _("The look is removed."), member_url(story, look.member_id)
    if act == "deselect":
        sheets.deselect(look.pk, actor=actor)
        return _("The look does not use a reference sheet."), page
    if act == "upload":
        file = request.FILES.get("file")
        if file is None:
            raise Invalid(gettext_noop("Choose a file first."), field="file")
        replace = request.POST.get("replace") == "1"
        sheets.upload(look.pk, file=file, actor=actor, replace=replace)
        return _("The sheet is in use."), page
    if act == "generate":
        return _generated(request, look), page
    raise Http404


def _generated(request: HttpRequest, look: Look) -> str:
    total = confirmed_price(request)
    start = generate_sheet(
        look.pk,
        actor=request.user,
        variants=whole_number(request.POST.get("variants", "1")) or 1,
        confirm_total=total,
        ask_again="ask_again" in request.POST,
    ).require()
    message = ngettext(
        "%(count)s sheet is being made for %(price)s.",
        "%(count)s sheets are being made for %(price)s.",
        len(start.jobs),
    )
    return message % {"count": len(start.jobs), "price": money(start.total)}


VERDICTS = {
    "approve": ReviewStatus.APPROVED,
    "reject": ReviewStatus.REJECTED,
    "clear": ReviewStatus.UNREVIEWED,
}


@action
def change_sheet(request: HttpRequest, story: Story, take_id: UUID, act: str) -> tuple[str, str]:
    take = (
        SheetTake.objects.filter(pk=take_id, look__member__story=story)
        .select_related("look")
        .first()
    )
    if take is None:
        raise Http404
    page = member_url(story, take.look.member_id, f"#look-{take.look_id}")
    if act == "choose":
        sheets.select(take.pk, actor=request.user)
        return _("The sheet is in use."), page
    if act in VERDICTS:
        reason = request.POST.get("reason", "")
        verdict = VERDICTS[act]
        sheets.review(take.pk, review_status=verdict, actor=request.user, reason=reason)
        return _("The review is saved."), page
    raise Http404


# Scenes


@dataclass(frozen=True, slots=True)
class Choice:
    """A member of the cast in the panel of a scene: not shown, or shown in a look."""

    member: CastMember
    looks: list[Look]
    shown: SceneCast | None

    @property
    def picture(self) -> str:
        look = self.shown.look if self.shown else None
        return sheet_url(look.sheet, 320) if look and look.sheet else ""


def scene_cast(story: Story, scene: Scene, speakers: Iterable[str]) -> dict[str, Any]:
    """The cast for the panel of a scene, and who of it the speakers are. Three queries."""
    shown = {row.member_id: row for row in scene.cast.all()}
    members = list(domain.members_of(story))
    choices = [Choice(member, list(member.looks.all()), shown.get(member.pk)) for member in members]
    choices.sort(key=lambda one: one.shown is None)
    named = by_name(members)
    return {
        "cast_choices": choices,
        "cast_shown": sum(one.shown is not None for one in choices),
        "speaking_members": {name: named.get(key_of(name)) for name in set(speakers)},
    }


@require_POST
@errors_as_responses
def set_scene(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Say who is in the scene, and in which look."""
    scene = scene_or_404(story, scene_id)
    sent = request.POST
    appearances = []
    for text in sent.getlist("look"):
        if not text:
            continue
        look = _uuid(text)
        appearances.append(domain.Appearance(look, with_sheet=f"without-{text}" not in sent))
    domain.set_scene_cast(scene.pk, actor=request.user, appearances=appearances)
    back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#cast"
    return respond(
        request, story, BoardUpdate(message=_("The cast of the scene is saved.")), back=back
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(gettext_noop("The cast has no such look."), field="look") from None
