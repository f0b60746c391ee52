"""The dialog that has takes checked by a model."""

from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.admin.display import money
from stories.models import Story, Take
from stories.services.generation import start_vision_checks
from stories.services.spend_requests import ask_for_vision_checks
from stories.services.vision_checks import plan_vision_checks

from .responses import errors_as_responses
from .spending_dialog import Line, Shown, Started, answer


@require_http_methods(["GET", "POST"])
@errors_as_responses
def check_takes(request: HttpRequest, story: Story) -> HttpResponse:
    """GET shows the dialog. POST starts what was shown at its price."""

    def start(scene_ids: list[UUID] | None, total: Decimal, ask_again: bool) -> Started:  # noqa: FBT001
        start, plan = start_vision_checks(
            story.pk,
            actor=request.user,
            confirm_total=total,
            scene_ids=scene_ids,
            ask_again=ask_again,
        )
        message = ngettext(
            "%(count)s take is being checked for %(price)s.",
            "%(count)s takes are being checked for %(price)s.",
            len(start.jobs),
        )
        message %= {"count": len(start.jobs), "price": money(plan.total)}
        return Started(start, [item.take.scene_id for item in plan.todo], message)

    def shown(scene_ids: list[UUID] | None) -> Shown:
        plan = plan_vision_checks(story, scene_ids)
        return Shown(
            title=_("Check takes with a model"),
            text=_(
                "A model looks at each take: does it fit its prompt, are the faces those of the "
                "reference sheets? A take about which it finds nothing is selected like any new "
                "take; a doubtful one waits for a person."
            ),
            button=_("Check"),
            nothing=_("There is no take to check."),
            lines=[
                Line(item.take.scene.position, _words(item.take), item.price) for item in plan.todo
            ],
            blocked=[Line(item.take.scene.position, str(item.why)) for item in plan.blocked],
            total=plan.total,
            provider=plan.provider,
            ask=ask_for_vision_checks(plan),
        )

    return answer(request, story, start=start, shown=shown)


def _words(take: Take) -> str:
    words = Truncator(take.scene.title or take.prompt.text).chars(70)
    return f"{take.get_kind_display()} · {words}"
