"""Transitions of many stories at once, from the story list: one question says what is possible."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from core import visible
from core.localized_messages import DomainError
from core.numbers import amount
from stories.models import Story
from stories.services import transitions

from . import story_pages
from .actions import ASKS_REASON, REASON, WORDS, why_not

MOST = 100  # stories at once
LABELS = {
    "start_planning": _lazy("Start planning"),
    "archive": _lazy("Archive"),
    "restore": _lazy("Restore"),
    "retry": _lazy("Take up again"),
}

type AdminAction = Callable[[ModelAdmin[Story], HttpRequest, QuerySet[Story]], HttpResponse | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A selected story: the price of the change in USD, or why it is not possible."""

    story: Story
    price: Decimal | None
    why_not: str


def _row(story: Story, name: str, user: Any) -> Row:
    choice = next((one for one in transitions.choices(story, user) if one.name == name), None)
    if choice is None or choice.why_not:
        return Row(story, None, str(why_not(story, name, user)))
    return Row(story, choice.price, "")


def _action(name: str) -> AdminAction:
    def act(
        _admin: "ModelAdmin[Story]", request: HttpRequest, queryset: QuerySet[Story]
    ) -> HttpResponse | None:
        stories = list(queryset.select_related("owner")[: MOST + 1])
        if len(stories) > MOST:
            messages.error(request, _("Choose at most %(most)s stories.") % {"most": MOST})
            return None
        rows = [_row(story, name, request.user) for story in stories]
        if "confirmed" in request.POST:
            return _change(request, name, rows)
        return _question(request, name, rows)

    act.__name__ = name
    act.short_description = LABELS[name]  # type: ignore[attr-defined]  # as Django reads it
    return act


def _question(request: HttpRequest, name: str, rows: list[Row]) -> HttpResponse:
    text, button, _done = (_(word) for word in WORDS[name])
    possible = [row for row in rows if not row.why_not]
    context = story_pages.site().page_context(
        request,
        title=LABELS[name],
        crumbs=[(_("Stories"), reverse("admin:stories_story_changelist"))],
        name=name,
        text=text,
        button=button,
        possible=possible,
        refused=[row for row in rows if row.why_not],
        total=sum((row.price or Decimal(0) for row in possible), Decimal(0)),
        asks_reason=name in ASKS_REASON,
        checkbox=ACTION_CHECKBOX_NAME,
    )
    return TemplateResponse(request, "studio/story/bulk.html", context)


def _change(request: HttpRequest, name: str, rows: list[Row]) -> HttpResponse:
    """Change each story on its own: one that cannot be changed does not stop the others."""
    done, refused = 0, []
    reason = visible.stripped(request.POST.get("reason", ""))[:REASON]
    for row in rows:
        try:
            if row.why_not:
                refused.append(f"{row.story.title}: {row.why_not}")
                continue
            transitions.apply_transition(
                row.story.pk,
                name,
                actor=request.user,
                reason=reason,
                confirm_total=amount(request.POST.get(f"price-{row.story.pk}", "")),
            )
            done += 1
        except DomainError as error:
            refused.append(f"{row.story.title}: {error}")
    if done:
        text = ngettext("%(n)s story changed.", "%(n)s stories changed.", done) % {"n": done}
        messages.success(request, f"{LABELS[name]}: {text}")
    for line in refused:
        messages.warning(request, line)
    return HttpResponseRedirect(request.get_full_path())


ACTIONS = [_action(name) for name in LABELS]
