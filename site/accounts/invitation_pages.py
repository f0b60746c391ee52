"""The page on which administrators invite people, and the one on which the invited begin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import Invitation
from core.localized_messages import DomainError
from core.numbers import whole_number

from . import invitations
from .api_keys import InvalidError
from .roles import label_of

SHOWN = 50


@never_cache
def invite(request: HttpRequest) -> HttpResponse:
    """List the open invitations; on POST make or withdraw one. For administrators.

    The answer to the POST is the only one that shows the link.
    """
    actor: Any = request.user
    if not actor.is_superuser:
        raise PermissionDenied
    error, link = "", ""
    if request.method == "POST" and request.POST.get("do") == "withdraw":
        pk = whole_number(request.POST.get("invitation", "")) or 0
        invitations.withdraw(get_object_or_404(Invitation, pk=pk), actor=actor)
        return HttpResponseRedirect(reverse("admin:invitations"))
    if request.method == "POST":
        role = Group.objects.filter(pk=whole_number(request.POST.get("role", "")) or 0).first()
        try:
            if role is None:
                raise InvalidError(_("Choose a role."))
            _made, token = invitations.invite(
                name=request.POST.get("name", "")[:200], role=role, actor=actor
            )
            link = request.build_absolute_uri(reverse("invited", args=[token]))
        except DomainError as failure:
            error = str(failure)
    site: Any = admin.site
    rows = invitations.open_invitations().select_related("role", "created_by")[:SHOWN]
    return TemplateResponse(
        request,
        "studio/invitations.html",
        site.page_context(
            request,
            title=_("Invitations"),
            crumbs=[(_("People"), reverse("admin:auth_user_changelist"))],
            rows=[(row, label_of(row.role.name)) for row in rows],
            roles=[(role.pk, label_of(role.name)) for role in Group.objects.order_by("name")],
            link=link,
            error=error,
            posted=request.POST if error else {},
        ),
        status=409 if error else 200,
    )


@never_cache
@sensitive_post_parameters("password", "again")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Let the invited person choose a name and a password."""
    error = ""
    found = invitations.invitation_of(token)
    if request.method == "POST" and found is not None:
        password = request.POST.get("password", "")[:500]
        try:
            if password != request.POST.get("again", ""):
                raise InvalidError(_("The two passwords are not the same."))
            invitations.accept(
                token, username=request.POST.get("username", "")[:200], password=password
            )
        except DomainError as failure:
            error = str(failure)
            found = invitations.invitation_of(token)
        else:
            messages.success(request, _("Your account is ready. Log in with it."))
            return HttpResponseRedirect(reverse("admin:login"))
    site: Any = admin.site
    request.current_app = site.name
    return TemplateResponse(
        request,
        "studio/invited.html",
        {
            **site.each_context(request),
            "title": _("Invitation"),
            "invitation": found,
            "role": label_of(found.role.name) if found else "",
            "error": error,
            "username": request.POST.get("username", "")[:150],
        },
        status=404 if found is None else 409 if error else 200,
    )
