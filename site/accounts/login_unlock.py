"""Lets an account log in again at once after failed attempts blocked it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit, login_throttle
from core.admin.confirm_dialog import ask
from core.localized_messages import LocalizedMessage


def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask on GET, and delete the failed attempts on POST. Requires the permission
    `auth.change_user`.
    """
    if not request.user.has_perm("auth.change_user"):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    site: Any = admin.site
    actor: Any = request.user

    def act() -> str:
        login_throttle.unlock(person.get_username())
        audit.log(
            actor, person, LocalizedMessage(gettext_noop("Wrong log-in tries were forgotten."))
        )
        return _("%(name)s can log in again at once.") % {"name": person.get_username()}

    return ask(
        request,
        template="studio/log_in_unlock.html",
        context=lambda: site.page_context(
            request,
            title=_("Forget wrong log-ins"),
            crumbs=[],
            person=person,
            count=login_throttle.failures(person.get_username()),
        ),
        act=act,
        back=reverse("admin:auth_user_change", args=[person.pk]),
    )
