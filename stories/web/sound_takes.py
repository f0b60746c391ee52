"""Takes of sound on the pages: uploaded, selected, reviewed, left out, made again."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from core.admin.display import money
from core.localized_messages import DomainError
from stories.enums import ReviewStatus, SoundKind
from stories.errors import Invalid
from stories.models import Scene, SoundTake, Story
from stories.services import sound as domain
from stories.services import sound_takes
from stories.services.generation import generate_sound
from stories.services.sound_items import SoundItem
from stories.services.sound_plan import priced_again
from stories.services.sound_uploads import upload_sound

from .form_values import confirmed_price
from .responses import BoardUpdate, errors_as_responses, respond, scene_or_404


def after(
    request: HttpRequest, story: Story, scene: Scene | None, message: str, *, tone: str = "good"
) -> HttpResponse:
    """Back to the scene's panel, or to the film page for what belongs to the whole film."""
    if scene is not None:
        back = reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#lines"
    else:
        back = reverse("admin:stories_story_film", args=[story.pk]) + "#sound"
    return respond(request, story, BoardUpdate(message=message, tone=tone), back=back)


def _take(story: Story, take_id: UUID) -> SoundTake:
    return get_object_or_404(SoundTake.objects.select_related("scene"), pk=take_id, story=story)


@require_POST
@errors_as_responses
def choose(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    take = _take(story, take_id)
    sound_takes.select(take.pk, actor=request.user)
    return after(request, story, take.scene, _("The take is in the film."))


@require_POST
@errors_as_responses
def leave_out(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    take = _take(story, take_id)
    sound_takes.deselect(take.pk, actor=request.user)
    return after(request, story, take.scene, _("The take is not in the film any more."))


@require_POST
@errors_as_responses
def keep(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Keep music of the film for the present order of the scenes."""
    take = _take(story, take_id)
    sound_takes.keep_music(take.pk, actor=request.user)
    return after(request, story, take.scene, _("The music is kept for the new order."))


@require_POST
@errors_as_responses
def review(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Approve a take, reject it with a reason, or reset its review."""
    take = _take(story, take_id)
    status = request.POST.get("review_status", "")
    reason = request.POST.get("reason", "")
    sound_takes.review(take.pk, review_status=status, actor=request.user, reason=reason)
    message = {
        ReviewStatus.APPROVED: _("Take approved."),
        ReviewStatus.REJECTED: _("Take rejected."),
    }.get(ReviewStatus(status), _("Verdict cleared."))
    return after(request, story, take.scene, message)


@require_POST
@errors_as_responses
def upload(request: HttpRequest, story: Story) -> HttpResponse:
    """Upload a sound for a line, a scene, or the whole film."""
    kind, file = request.POST.get("kind", ""), request.FILES.get("file")
    if kind not in SoundKind.values:
        raise Http404
    if file is None:
        raise Invalid(gettext_noop("Choose a file first."), field="file")
    scene_id, line_id, effect_id = (
        uuid_from(request.POST.get(name, ""), name) for name in ("scene", "line", "effect")
    )
    take = upload_sound(
        story.pk,
        SoundKind(kind),
        file=file,
        actor=request.user,
        scene_id=scene_id,
        line_id=line_id,
        effect_id=effect_id,
        replace=request.POST.get("choice") == "replace",
    )
    message = (
        _("Your file is in the film now.")
        if sound_takes.is_selected(take)
        else _("Your file is one of the takes. The approved take stays in the film.")
    )
    if not domain.is_on(story):
        message = f"{message} {_('The film has no sound yet: turn it on at the film page.')}"
    return after(request, story, take.scene, message)


def uuid_from(text: str, field: str) -> UUID | None:
    """An id that a form has sent, or None. Raises Invalid."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(gettext_noop("This is not an id."), field=field) from None


@require_POST
@errors_as_responses
def scene_sound(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Say whether the scene's clip is heard, or what music the scene has."""
    scene, sent = scene_or_404(story, scene_id), request.POST
    values: dict[str, Any] = {"mood": sent["mood"]} if "mood" in sent else {}
    if "clip_sound" in sent:
        values["clip_sound"] = {"yes": True, "no": False}.get(sent["clip_sound"])
    domain.change_scene_sound(scene.pk, actor=request.user, **values)
    return after(request, story, scene, _("The sound is saved."))


@require_POST
@errors_as_responses
def music(request: HttpRequest, story: Story) -> HttpResponse:
    """Make the film's music, or one more take of it, at the confirmed price."""
    return _make_music(request, story, None)


@require_POST
@errors_as_responses
def scene_music(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Make a scene's own music, or one more take of it, at the confirmed price."""
    return _make_music(request, story, scene_or_404(story, scene_id))


def _make_music(request: HttpRequest, story: Story, scene: Scene | None) -> HttpResponse:
    total = confirmed_price(request)
    wanted: dict[str, Any] = {"scene_music": [scene.pk]} if scene else {"music": True}
    wanted |= {"lines": [], "again": True}
    wanted["ask_again"] = "ask_again" in request.POST
    start = generate_sound(story.pk, actor=request.user, confirm_total=total, **wanted)
    if start.stopped is not None and start.stopped.new:
        return after(request, story, scene, str(start.stopped), tone="ask")
    start.require()
    message = _("Music is being made for %(price)s.") % {"price": money(start.total)}
    return after(request, story, scene, message)


def number(text: str, field: str) -> float:
    """A number as people write it. Raises Invalid."""
    try:
        found = float(text.strip().replace(",", ".").replace("−", "-"))
    except ValueError:
        found = float("nan")
    if found != found:  # noqa: PLR0124  not a number
        raise Invalid(gettext_noop("Enter a number."), field=field)
    return found


def one_more_price(item: SoundItem | None) -> Decimal | None:
    """The price of making it, or one more take of it. None: it cannot be made now."""
    if item is None or item.state in {"running", "blocked"}:
        return None
    try:
        return item.price if item.will else priced_again(item).price
    except DomainError:
        return None
