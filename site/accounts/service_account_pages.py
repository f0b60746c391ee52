"""Pages on which administrators manage service accounts and their API keys."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache

from accounts import api_keys
from accounts.models import ApiKey, ServiceAccount
from core.admin.confirm_dialog import ask
from core.localized_messages import DomainError
from core.numbers import whole_number

from .roles import label_of

LIST_LIMIT = 200
KEYS_SHOWN = 100
USUAL_DAYS = 90
SCOPE_NAMES = {
    "read": pgettext_lazy("API key", "Read"),
    "write": pgettext_lazy("API key", "Change"),
    "spend": pgettext_lazy("API key", "Start paid work"),
}
TITLE = gettext_lazy("Service accounts")


def _administrator(request: HttpRequest) -> Any:
    user: Any = request.user
    if not user.is_superuser:
        raise PermissionDenied
    return user


def _context(request: HttpRequest, **values: Any) -> dict[str, Any]:
    site: Any = admin.site
    found: dict[str, Any] = site.page_context(request, **values)
    return found


def accounts(request: HttpRequest) -> HttpResponse:
    """List the service accounts, and create one on POST. For administrators."""
    actor, error = _administrator(request), ""
    if request.method == "POST":
        role = Group.objects.filter(pk=whole_number(request.POST.get("role", "")) or 0).first()
        try:
            if role is None:
                raise api_keys.InvalidError(_("Choose a role."))
            made = api_keys.create_account(
                name=request.POST.get("name", "")[:200],
                role=role,
                purpose=request.POST.get("purpose", "")[:500],
                actor=actor,
            )
        except DomainError as failure:
            error = str(failure)
        else:
            return HttpResponseRedirect(reverse("admin:service_account", args=[made.pk]))
    valid = Q(keys__revoked_at=None, keys__expires_at__gt=timezone.now())
    rows = (
        ServiceAccount.objects.select_related("user", "created_by")
        .prefetch_related("user__groups")
        .annotate(valid_keys=Count("keys", filter=valid), last_used=Max("keys__last_used_at"))
        .order_by("user__username")[:LIST_LIMIT]
    )
    return TemplateResponse(
        request,
        "studio/service_accounts.html",
        _context(
            request,
            title=TITLE,
            crumbs=[],
            rows=[(row, roles_in_words(row.user.groups.all())) for row in rows],
            roles=[
                (role.pk, label_of(role.name))
                for role in Group.objects.exclude(permissions__codename="approve_plan").order_by(
                    "name"
                )
            ],
            posted=request.POST,
            error=error,
        ),
        status=409 if error else 200,
    )


def roles_in_words(roles: Iterable[Group]) -> str:
    return ", ".join(label_of(role.name) for role in roles)


@never_cache
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the keys of a service account, and issue one on POST. For administrators.

    The answer to the POST is the only one that shows the key.
    """
    actor, error, key = _administrator(request), "", ""
    found = get_object_or_404(ServiceAccount.objects.select_related("user", "created_by"), pk=pk)
    if request.method == "POST":
        try:
            _row, key = api_keys.issue(
                found,
                name=request.POST.get("name", "")[:200],
                scopes=request.POST.getlist("scopes")[:10],
                days=whole_number(request.POST.get("days", "")) or 0,
                actor=actor,
            )
        except DomainError as failure:
            error = str(failure)
    return _account_page(request, found, error=error, key=key)


def _account_page(
    request: HttpRequest, found: ServiceAccount, *, error: str = "", key: str = ""
) -> HttpResponse:
    now = timezone.now()
    keys = list(found.keys.select_related("created_by", "revoked_by")[:KEYS_SHOWN])
    rows = [
        (
            row,
            [SCOPE_NAMES[scope] for scope in row.scopes if scope in SCOPE_NAMES],
            row.revoked_at is None and row.expires_at > now,
        )
        for row in keys
    ]
    return TemplateResponse(
        request,
        "studio/service_account.html",
        _context(
            request,
            title=found.user.get_username(),
            crumbs=[(TITLE, reverse("admin:service_accounts"))],
            account=found,
            roles=roles_in_words(found.user.groups.all()),
            rows=rows,
            scopes=SCOPE_NAMES.items(),
            chosen=request.POST.getlist("scopes") if error else ["read"],
            posted=request.POST if error else {},
            usual_days=USUAL_DAYS,
            most_days=api_keys.MOST_DAYS,
            error=error,
            key=key,
        ),
        status=409 if error else 200,
    )


def _key(pk: UUID) -> ApiKey:
    return get_object_or_404(ApiKey.objects.select_related("account__user"), pk=pk)


@never_cache
def rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask on GET; on POST issue a key in place of this one and show it. For administrators."""
    actor, row, error = _administrator(request), _key(pk), ""
    if request.method == "POST":
        try:
            _new, key = api_keys.rotate(row, actor=actor)
        except DomainError as failure:
            error = str(failure)
        else:
            return _account_page(request, row.account, key=key)
    return TemplateResponse(
        request,
        "studio/api_key_rotate.html",
        _context(
            request,
            title=_("Replace this key"),
            crumbs=[],
            key=row,
            error=error,
            back=reverse("admin:service_account", args=[row.account_id]),
        ),
        status=409 if error else 200,
    )


def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask on GET, and end the key on POST. For administrators."""
    actor, row = _administrator(request), _key(pk)

    def act() -> str:
        api_keys.revoke(row, actor=actor)
        return _("The key “%(name)s” has ended.") % {"name": row.name}

    return ask(
        request,
        template="studio/api_key_revoke.html",
        context=lambda: _context(request, title=_("Revoke this key"), crumbs=[], key=row),
        act=act,
        back=reverse("admin:service_account", args=[row.account_id]),
    )
