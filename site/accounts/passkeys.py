"""Passkeys: django-allauth's views in the studio's frame, and what follows a change."""

from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.generic.base import ContextMixin

from . import mfa
from .mfa_pages import set_up, written

PAGE = reverse_lazy("admin:second_factor")


class Framed(ContextMixin):
    """Gives a view of allauth the frame of the admin. For staff only."""

    request: HttpRequest
    title: Any = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # of the view

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        site: Any = admin.site
        crumbs = [(_("Second factor"), reverse("admin:second_factor"))]
        framed = site.page_context(self.request, title=self.title, crumbs=crumbs)
        return {**framed, **super().get_context_data(**kwargs)}


class AddView(Framed, AddWebAuthnView):  # type: ignore[misc]  # not typed
    title = _("Add a passkey")
    template_name = "studio/passkey_add.html"
    success_url = PAGE

    def get_success_url(self) -> str:
        return str(PAGE)


class RemoveView(Framed, RemoveWebAuthnView):  # type: ignore[misc]  # not typed
    title = _("Remove this passkey")
    template_name = "studio/passkey_remove.html"
    success_url = PAGE


class ByPasswordView(Framed, ReauthenticateView):  # type: ignore[misc]  # not typed
    title = _("Confirm your identity")
    template_name = "studio/reauthenticate.html"


class ByCodeView(Framed, ReauthenticateByCodeView):  # type: ignore[misc]  # not typed
    title = _("Confirm your identity")
    template_name = "studio/reauthenticate.html"


class ByPasskeyView(Framed, ReauthenticateWebAuthnView):  # type: ignore[misc]  # not typed
    title = _("Confirm your identity")
    template_name = "studio/reauthenticate_passkey.html"


def added(
    sender: object,  # noqa: ARG001  the signal's form
    *,
    request: HttpRequest,
    user: User,
    authenticator: Authenticator,
    **_: object,
) -> None:
    if authenticator.type == Authenticator.Type.WEBAUTHN:
        set_up(request, user, gettext_noop("A passkey was added."))


def removed(
    sender: object,  # noqa: ARG001  the signal's form
    *,
    request: HttpRequest,
    user: User,
    authenticator: Authenticator,
    **_: object,
) -> None:
    if authenticator.type == Authenticator.Type.WEBAUTHN:
        written(user, user, gettext_noop("A passkey was removed."))
        if not mfa.is_set_up(user):
            request.session.pop(mfa.PASSED, None)


def connect() -> None:
    authenticator_added.connect(added, dispatch_uid="accounts.passkeys.added")
    authenticator_removed.connect(removed, dispatch_uid="accounts.passkeys.removed")
