"""The log-ins of a person, in browsers and over the API: listed, and ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache

from accounts.models import AuditAction, RefreshToken
from core.localized_messages import LocalizedMessage
from core.numbers import whole_number

from . import audit, refresh_tokens, sessions

ENDED = {
    "browser": gettext_noop("In a browser."),
    "api": gettext_noop("Over the API."),
    "all": gettext_noop("All others."),
}

MOST = 100
# Not bound to: of a session that began before addresses were kept
NO_ADDRESS = "0.0.0.0"  # noqa: S104


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in that is open. `key` names it in the form that ends it."""

    kind: str
    key: str
    began: datetime
    address: str
    device: str
    is_current: bool = False


def log_ins_of(user: User, *, current: str = "") -> list[LogIn]:
    """Return the open log-ins of a person, the newest first. Three queries."""
    rows = list(UserSession.objects.filter(user=user).order_by("-created_at")[:MOST])
    now = timezone.now()
    keys = [row.session_key for row in rows]
    alive = set(
        Session.objects.filter(pk__in=keys, expire_date__gt=now).values_list("pk", flat=True)
    )
    found = [
        LogIn(
            kind="browser",
            key=str(row.pk),
            began=row.created_at,
            address="" if row.ip == NO_ADDRESS else row.ip,
            device=row.user_agent,
            is_current=row.session_key == current,
        )
        for row in rows
        if row.session_key in alive
    ]
    families = (
        RefreshToken.objects.filter(user=user, revoked_at=None, used_at=None, expires_at__gt=now)
        .order_by()
        .values("family")
        .annotate(began=Min("created_at"), latest=Max("created_at"))
        .order_by("-latest")[:MOST]
    )
    found += [LogIn("api", str(row["family"]), row["latest"], "", "") for row in families]
    return found


def end_log_in(user: User, *, kind: str, key: str, actor: User) -> bool:
    """End one log-in of this user at once; return whether there was one."""
    with transaction.atomic():
        if kind == "browser":
            row = UserSession.objects.filter(user=user, pk=whole_number(key) or 0).first()
            if row is None:
                return False
            Session.objects.filter(pk=row.session_key).delete()
            row.delete()
        else:
            family = _uuid(key)
            if family is None:
                return False
            open_now = RefreshToken.objects.filter(user=user, family=family, revoked_at=None)
            if not open_now.exists():
                return False
            refresh_tokens.revoke_family(family)
        audit.record(
            AuditAction.ENDED, actor=actor, target=user, detail=LocalizedMessage(ENDED[kind])
        )
    return True


def end_others(user: User, *, actor: User, but: str | None) -> None:
    """End every log-in of this user, except the browser session with the key `but`."""
    with transaction.atomic():
        sessions.end_all(user, but=but)
        audit.record(
            AuditAction.ENDED, actor=actor, target=user, detail=LocalizedMessage(ENDED["all"])
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def own(request: HttpRequest) -> HttpResponse:
    """The log-ins of who asks."""
    user: Any = request.user
    return _page(request, user, reverse("admin:sessions"))


def of_person(request: HttpRequest, pk: int) -> HttpResponse:
    """The log-ins of another person, for administrators."""
    if not request.user.is_superuser:
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    return _page(request, person, reverse("admin:person_sessions", args=[pk]))


@never_cache
def _page(request: HttpRequest, person: User, address: str) -> HttpResponse:
    actor: Any = request.user
    current = request.session.session_key or ""
    if request.method == "POST":
        if request.POST.get("do") == "all":
            end_others(person, actor=actor, but=current if actor.pk == person.pk else None)
        else:
            end_log_in(
                person,
                kind=request.POST.get("kind", ""),
                key=request.POST.get("key", ""),
                actor=actor,
            )
        return HttpResponseRedirect(address)
    site: Any = admin.site
    is_own = actor.pk == person.pk
    people = reverse("admin:auth_user_change", args=[person.pk])
    return TemplateResponse(
        request,
        "studio/sessions.html",
        site.page_context(
            request,
            title=_("Log-ins"),
            crumbs=[] if is_own else [(person.get_username(), people)],
            person=person,
            is_own=is_own,
            rows=log_ins_of(person, current=current if is_own else ""),
        ),
    )
