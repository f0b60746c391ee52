"""Letting a person log in again at once whose wrong tries, or somebody else's, stand in the way."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from web.admin_dialog import ask
from web.auth import attempts


def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks on GET, forgets the wrong tries on POST; for who may change people."""
    if not request.user.has_perm("auth.change_user"):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    site: Any = admin.site
    actor: Any = request.user

    def act() -> str:
        attempts.unlock(person.get_username())
        LogEntry.objects.log_actions(actor.pk, [person], CHANGE, change_message="Wrong log-in tries were forgotten.", single_object=True)
        return _("%(name)s can log in again at once.") % {"name": person.get_username()}

    return ask(
        request,
        template="studio/log_in_unlock.html",
        context=lambda: site.page_context(request, title=_("Forget wrong log-ins"), crumbs=[], person=person, count=attempts.failures(person.get_username())),
        act=act,
        back=reverse("admin:auth_user_change", args=[person.pk]),
    )
