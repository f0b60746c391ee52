"""The dialog that translates prompts into English."""

from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.admin.display import money
from stories.models import Story
from stories.services.english import plan_english
from stories.services.generation import put_into_english
from stories.services.spend_requests import ask_for_english

from .responses import errors_as_responses
from .spending_dialog import Line, Shown, Started, answer


@require_http_methods(["GET", "POST"])
@errors_as_responses
def english(request: HttpRequest, story: Story) -> HttpResponse:
    """GET shows the dialog. POST starts what was shown at its price."""
    replace = bool((request.POST if request.method == "POST" else request.GET).get("replace"))

    def start(scene_ids: list[UUID] | None, total: Decimal, ask_again: bool) -> Started:  # noqa: FBT001
        start, plan = put_into_english(
            story.pk,
            actor=request.user,
            confirm_total=total,
            scene_ids=scene_ids,
            replace=replace,
            ask_again=ask_again,
        )
        message = ngettext(
            "%(count)s prompt is being put into English for %(price)s.",
            "%(count)s prompts are being put into English for %(price)s.",
            len(start.jobs),
        )
        message %= {"count": len(start.jobs), "price": money(plan.total)}
        return Started(start, [item.scene.pk for item in plan.todo], message)

    def shown(scene_ids: list[UUID] | None) -> Shown:
        plan = plan_english(story, scene_ids, replace=replace)
        return Shown(
            title=_("Put prompts into English"),
            text=_(
                "The result appears in the English field of each scene, where you can change it."
            ),
            button=_("Put into English"),
            nothing=_("There is nothing to put into English."),
            lines=[
                Line(item.scene.position, Truncator(item.scene.prompt.text).chars(80), item.price)
                for item in plan.todo
            ],
            blocked=[Line(item.scene.position, str(item.why)) for item in plan.blocked],
            total=plan.total,
            provider=plan.provider,
            ask=ask_for_english(plan),
            more={
                "replace": plan.replace,
                "owned": any(item.state == "own" for item in plan.items),
            },
        )

    return answer(request, story, start=start, shown=shown)
