"""The takes of a scene: side-by-side view, differences, select, review, upload and generate."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET, require_POST

from core.admin.display import money
from core.localized_messages import DomainError, LocalizedMessage
from media.crop import Crop
from providers.preflight import UsedFields
from providers.prices import price_of
from stories.enums import Camera, Doubt, ReviewStatus, TakeKind
from stories.errors import Invalid
from stories.models import Comment, Scene, Story, Take
from stories.services import crops, scenes, takes, uploads
from stories.services.check_offers import price_by_hand, price_of_check
from stories.services.english import price_or_none
from stories.services.fingerprints import (
    frame_size,
    is_english_outdated,
    is_stale,
)
from stories.services.generation import generate_scene, why_closed
from stories.services.makers import maker_of
from stories.services.plan import has_take, request_of
from stories.services.word_diff import Word, difference

from . import layout
from .board_state import Board
from .cards import EDITABLE, thumb_url
from .cast import scene_cast
from .controls import scene_controls
from .form_values import confirmed_price, values_of
from .responses import (
    BoardUpdate,
    board_url,
    errors_as_responses,
    is_live,
    respond,
    scene_or_404,
    updated_cards,
)
from .sound import shown_lines
from .undo import UndoAction

VARIANTS = 3
REASONS, REASONS_READ = 5, 40  # reasons that are offered again, of the newest
ALMOST_ALL = 0.97  # share of a picture shown by the film, above which its shape is not mentioned


@dataclass(frozen=True, slots=True)
class Shown:
    """One take as shown beside the others."""

    take: Take
    chosen: bool
    stale: bool
    took: timedelta | None
    words: list[Word]
    english_words: list[Word]
    part: crops.Shown | None  # the part of the take that the film shows; None: all of it

    @property
    def frame(self) -> str:
        """The position of that part, as the style of a box over the take."""
        crop = self.part.crop if self.part else Crop(0, 0, 1, 1)
        places = {"left": crop.left, "top": crop.top, "width": crop.width, "height": crop.height}
        return ";".join(f"{name}:{100 * part:.2f}%" for name, part in places.items())

    @property
    def along(self) -> str:
        """The axis along which the part can be moved."""
        return "x" if self.part and self.part.crop.width < 1 else "y"

    @property
    def percent(self) -> int:
        """The position along that axis in percent."""
        return round(100 * getattr(self.part, self.along)) if self.part else 0

    @property
    def notes(self) -> list[str]:
        """The changes made to the file on upload."""
        return [str(LocalizedMessage.from_json(note)) for note in self.take.notes]

    @property
    def small(self) -> str:
        return thumb_url(self.take)

    @property
    def large(self) -> str:
        return thumb_url(self.take, 1280)

    @property
    def url(self) -> str:
        return reverse("stories:take_file", args=[self.take.pk])

    @property
    def differs(self) -> bool:
        return any(word.kind != "same" for word in self.words)

    @property
    def english_differs(self) -> bool:
        return any(word.kind != "same" for word in self.english_words)


def shown_takes(story: Story, scene: Scene, kind: str) -> list[Shown]:
    """The takes of this kind, newest first. One query."""
    rows = (
        Take.objects.filter(scene=scene, kind=kind)
        .select_related("prompt", "call", "made_by", "reviewed_by")
        .prefetch_related("vision_checks")
    )
    chosen = scene.image_take_id if kind == TakeKind.IMAGE else scene.clip_take_id
    used = UsedFields()
    return [_shown(story, scene, take, used, chosen=take.pk == chosen) for take in rows]


def _shown(story: Story, scene: Scene, take: Take, used: UsedFields, *, chosen: bool) -> Shown:
    call = take.call
    took = call.ended_at - call.sending_at if call and call.ended_at and call.sending_at else None
    words = difference(take.prompt.text, scene.prompt.text)
    english = difference(take.prompt.text_en, scene.prompt.text_en)
    return Shown(
        take,
        chosen,
        is_stale(story, scene, take, used=used),
        took,
        words,
        english,
        crops.shown_part(story, take),
    )


def last_reasons(story: Story) -> list[str]:
    """The reasons for which takes of this story were last rejected, each once. One query."""
    rows = (
        Take.objects.filter(scene__story=story, review_status=ReviewStatus.REJECTED)
        .exclude(review_reason="")
        .order_by("-reviewed_at", "-id")
        .values_list("review_reason", flat=True)[:REASONS_READ]
    )
    return list(dict.fromkeys(rows))[:REASONS]


def _price(story: Story, scene: Scene, kind: str) -> Decimal | None:
    """The price of one more take with its check, as the server will check it.

    None without a price or a start picture.
    """
    maker = maker_of(story, scene, kind)
    try:
        if kind == TakeKind.CLIP and not has_take(scene, TakeKind.IMAGE):
            return None
        price = price_of(maker.provider, request_of(story, scene, kind))
        return price + price_of_check(story)
    except DomainError:
        return None


def _waits(shown: Shown) -> bool:
    """Whether the take waits for a check by a model."""
    return bool(shown.take.doubts == Doubt.UNCHECKED)


def panel(request: HttpRequest, story: Story, scene: Scene, kind: str) -> dict[str, Any]:
    """The context of the scene's panel and page."""
    board = Board(story, request.user)
    card = next((card for card in board.cards if card.scene.pk == scene.pk), None)
    if card is None:
        raise Http404
    ids = [one.scene.pk for one in board.cards]
    place = ids.index(scene.pk)
    scene = scene_or_404(story, scene.pk)  # reloaded after the change
    price, shown = _price(story, scene, kind), shown_takes(story, scene, kind)
    lines = shown_lines(story, scene)
    return {
        "story": story,
        "board": board,
        "scene": scene,
        "card": card,
        "english_outdated": is_english_outdated(scene.prompt),
        "english_price": price_or_none(story, scene),
        "kind": kind,
        "takes": shown,
        "chosen": next((one for one in shown if one.chosen), None),
        "other": next((one for one in shown if not one.chosen), None),
        "counts": dict(
            Take.objects.filter(scene=scene).order_by().values_list("kind").annotate(n=Count("pk"))
        ),
        "may_make": board.is_owner and why_closed(story, kind) is None,
        "running": card.work(kind),
        "check_price": price_by_hand(story) if any(_waits(one) for one in shown) else None,
        "price": price,
        "reasons": last_reasons(story),
        "price_three": None if price is None else price * VARIANTS,
        "comments": Comment.objects.filter(scene=scene).select_related(
            "author", "film", "resolved_by"
        ),
        "cameras": Camera.choices,
        "before": ids[place - 1] if place else None,
        "after": ids[place + 1] if place + 1 < len(ids) else None,
        "count": len(ids),
        "frame": frame_size(story),
        "most_bytes": uploads.most_bytes(TakeKind(kind)),
        "back": board_url(story.pk, scene.pk),
        **lines,
        **scene_controls(story, scene),
        **scene_cast(story, scene, (one.line.current.speaker for one in lines["lines"])),
    }


@require_GET
@errors_as_responses
def scene(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """The scene with its takes of one kind, as a panel beside the board or as a page."""
    kind = request.GET.get("kind", TakeKind.IMAGE)
    if kind not in TakeKind.values:
        raise Http404
    values = panel(request, story, scene_or_404(story, scene_id), kind)
    if is_live(request):
        return render(
            request, "board/scene.html#panel", values | {"again": bool(request.GET.get("again"))}
        )
    return render(
        request,
        "board/scene.html",
        layout.context(
            request,
            story,
            **values,
            title=_("Scene %(number)s") % {"number": values["scene"].position},
        ),
    )


def after(
    request: HttpRequest,
    story: Story,
    scene: Scene,
    kind: str,
    *,
    message: str,
    offer: UndoAction | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The updated panel with the board's update, or a redirect to the scene's page."""
    if is_live(request):
        shown = panel(request, story, scene, kind) | {"again": True}
        update = updated_cards(request, story, [scene.pk], message=message, offer=offer)
        answer = respond(request, story, update, status=status)
        answer.content += render(request, "board/scene.html#panel", shown).content
        return answer
    page = reverse("admin:board_scene", args=[story.pk, scene.pk]) + f"?kind={kind}"
    update = BoardUpdate(message=message, offer=offer)
    return respond(request, story, update, back=page, status=status)


def _take(story: Story, take_id: UUID) -> Take:
    return get_object_or_404(Take.objects.select_related("scene"), pk=take_id, scene__story=story)


@require_POST
@errors_as_responses
def select_take(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Select the take for the film."""
    take = _take(story, take_id)
    before = take.scene.image_take_id if take.kind == TakeKind.IMAGE else take.scene.clip_take_id
    takes.select_take(take.pk, actor=request.user)
    undo = (
        UndoAction(_("Undo"), reverse("admin:board_choose", args=[story.pk, before]))
        if before and before != take.pk
        else None
    )
    return after(request, story, take.scene, take.kind, message=_("Take chosen."), offer=undo)


@require_POST
@errors_as_responses
def crop(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Set the part of a take of another aspect ratio that the film shows, in percent."""
    take = _take(story, take_id)
    places = {}
    for name in ("x", "y"):
        try:
            places[name] = float(request.POST.get(name, "50")[:10]) / 100
        except ValueError as error:
            raise Invalid(gettext_noop("Give a number from 0 to 1."), field=name) from error
    takes.choose_crop(take.pk, actor=request.user, **places)
    return after(
        request, story, take.scene, take.kind, message=_("The film shows this part of the take.")
    )


@require_POST
@errors_as_responses
def review_take(request: HttpRequest, story: Story, take_id: UUID) -> HttpResponse:
    """Approve a take, reject it with a reason, or reset its review."""
    take = _take(story, take_id)
    review_status = request.POST.get("review_status", "")
    takes.review_take(
        take.pk,
        review_status=review_status,
        actor=request.user,
        reason=request.POST.get("reason", ""),
    )
    message = {
        ReviewStatus.APPROVED: _("Take approved."),
        ReviewStatus.REJECTED: _("Take rejected."),
    }.get(ReviewStatus(review_status), _("Verdict cleared."))
    undo = UndoAction(
        _("Undo"),
        reverse("admin:board_judge", args=[story.pk, take.pk]),
        [("review_status", take.review_status), ("reason", take.review_reason)],
    )
    return after(request, story, take.scene, take.kind, message=message, offer=undo)


@require_POST
@errors_as_responses
def upload(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    """Upload a picture or clip."""
    scene = scene_or_404(story, scene_id)
    kind, file = request.POST.get("kind", ""), request.FILES.get("file")
    if kind not in TakeKind.values:
        raise Http404
    if file is None:
        raise Invalid(gettext_noop("Choose a file first."), field="file")
    before = scene.take(kind)
    take = uploads.upload(
        scene.pk,
        TakeKind(kind),
        file=file,
        actor=request.user,
        replace=request.POST.get("choice") == "replace",
    )
    chosen = scene_or_404(story, scene.pk).take(kind) == take
    message = (
        _("Your file is the chosen take now.")
        if chosen
        else _("Your file is a take of the scene. The approved take stays in the film.")
    )
    if other := other_shape(story, take.width, take.height):
        message = f"{message} {other}"
    offer = None
    if chosen and before is not None and before.review_status != ReviewStatus.REJECTED:
        offer = UndoAction(_("Undo"), reverse("admin:board_choose", args=[story.pk, before.pk]))
    elif not chosen:
        offer = UndoAction(
            _("Put it into the film"), reverse("admin:board_choose", args=[story.pk, take.pk])
        )
    return after(request, story, scene, kind, message=message, offer=offer)


def other_shape(story: Story, width: int, height: int) -> str:
    """What the film does not show of a picture of this size, in words.

    Empty if the aspect ratios match.
    """
    film_width, film_height = frame_size(story)
    scale = max(film_width / width, film_height / height)
    shown = (film_width * film_height) / (width * height * scale * scale)
    if shown > ALMOST_ALL:
        return ""
    values = {
        "width": width,
        "height": height,
        "ratio": story.aspect_ratio,
        "lost": round(100 * (1 - shown)),
    }
    return (
        _("It has %(width)s × %(height)s; to fit %(ratio)s, %(lost)s%% of it is cut off.") % values
    )


@require_POST
@errors_as_responses
def generate(request: HttpRequest, story: Story, scene_id: UUID, kind: str) -> HttpResponse:
    """Generate one more take, or three variants, with the form's prompt and seed.

    A changed prompt is saved to the scene.
    """
    scene = scene_or_404(story, scene_id)
    if kind not in TakeKind.values:
        raise Http404
    variants = VARIANTS if request.GET.get("variants") == str(VARIANTS) else 1
    has_seed = bool(request.POST.get("seed", "").strip())
    given = values_of(request, ("text", "text_en", "camera", *(["seed"] if has_seed else [])))
    total = confirmed_price(request)
    seed = given.pop("seed", None)
    reason = request.POST.get("reason", "")[:200]
    with transaction.atomic():
        if given.get("text") and any(
            given.get(name, was) != was
            for name, was in (("text", scene.prompt.text), ("text_en", scene.prompt.text_en))
        ):
            seen = {
                name: request.POST[f"seen_{name}"]
                for name in EDITABLE
                if f"seen_{name}" in request.POST
            }
            scenes.edit(scene.pk, actor=request.user, seen=seen, **given)
        start = generate_scene(
            scene.pk,
            kind,
            actor=request.user,
            seed=seed,
            variants=variants,
            reason=reason,
            confirm_total=total,
            ask_again=True,
        )
    # The prompt is saved even then: a second person is asked to approve a take of exactly this.
    start.require()
    message = ngettext(
        "%(count)s take is being made for %(price)s.",
        "%(count)s takes are being made for %(price)s.",
        len(start.jobs),
    )
    message %= {"count": len(start.jobs), "price": money(start.total)}
    return after(request, story, scene, kind, message=message)
