"""Password reset by e-mail, carried by django-allauth: asking for a link, and the page behind it.

The link is sent by a job (`notifications.password_reset`), so that the answer takes equally long
whether the account exists or not.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from allauth.account.adapter import get_adapter
from allauth.account.forms import UserTokenForm
from allauth.account.internal import flows
from allauth.account.views import (
    PasswordResetDoneView,
    PasswordResetFromKeyView,
    PasswordResetView,
)
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import AuditAction
from api.problems import Problem

from . import audit, login_throttle, sessions, single_sign_on
from .api_keys import is_service_account


def is_offered() -> bool:
    """Return whether mail is set up, and the address in the link cannot be a stranger's choice."""
    return bool(
        settings.EMAIL_IS_SET_UP and (settings.PUBLIC_URL or "*" not in settings.ALLOWED_HOSTS)
    )


def may_reset(user: User) -> bool:
    """Return whether this account has a password that its person may set anew by e-mail."""
    return (
        user.is_active
        and user.is_staff
        and user.has_usable_password()
        and not is_service_account(user)
        and single_sign_on.allows_password(user)
        and not single_sign_on.is_connected(user)
    )


def accounts_of(email: str) -> list[User]:
    """Return the accounts with this address, in whichever case it is written."""
    found = User.objects.select_related("service_account").filter(email__iexact=email)
    return [user for user in found.order_by("pk") if user.email.lower() == email.lower()]


def link_of(key: str, *, origin: str) -> str:
    """Return the address of the page for this key, which is allauth's `<account>-<token>`."""
    account, token = key.split("-", 1)
    path = reverse("account_reset_password_from_key", args=[quote(account), quote(token)])
    return f"{origin}{path}"


def set_new_password(user: User, password: str, *, request: HttpRequest) -> bool:
    """Set the password and end every log-in of the account.

    Returns False if the account has changed since it was loaded: of two requests with one link,
    one sets a password.
    """
    before = user.password
    user.set_password(password)
    with transaction.atomic():
        same = User.objects.filter(pk=user.pk, password=before, is_active=True, is_staff=True)
        if not same.update(password=user.password):
            return False
        sessions.end_all(user)
        audit.record(AuditAction.PASSWORD_RESET, actor=user, request=request)
    return True


class TokenForm(UserTokenForm):  # type: ignore[misc]  # not typed
    """Checks the link, and that the account may still use it."""

    def clean(self) -> Any:
        data = super().clean()
        if not may_reset(self.reset_user):
            raise get_adapter().validation_error("invalid_password_reset")
        return data


def _frame(request: HttpRequest, title: str) -> dict[str, Any]:
    site: Any = admin.site
    request.current_app = site.name
    return {**site.each_context(request), "title": title}


class AskView(PasswordResetView):  # type: ignore[misc]  # not typed
    template_name = "studio/password_reset.html"

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            login_throttle.count_reset(self.request, form.cleaned_data["email"])
        except Problem as problem:
            form.add_error(None, str(problem.sentence))
            response: HttpResponse = self.form_invalid(form)
            response.status_code = problem.status
            for name, value in problem.headers.items():
                response[name] = value
            return response
        answer: HttpResponse = super().form_valid(form)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        frame = _frame(self.request, _("Forgot your password?"))
        return {**super().get_context_data(**kwargs), **frame}


class AskedView(PasswordResetDoneView):  # type: ignore[misc]  # not typed
    template_name = "studio/password_reset_asked.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        frame = _frame(self.request, _("Check your e-mail"))
        return {**super().get_context_data(**kwargs), **frame}


class NewPasswordView(PasswordResetFromKeyView):  # type: ignore[misc]  # not typed
    template_name = "studio/password_new.html"
    success_url = reverse_lazy("admin:login")

    def form_valid(self, form: Any) -> HttpResponse:
        password = form.cleaned_data["password1"]
        if not set_new_password(self.reset_user, password, request=self.request):
            return self.render_to_response(self.get_context_data(token_fail=True))
        flows.logout.logout(self.request)
        flows.password_reset.finalize_password_reset(self.request, self.reset_user)
        messages.success(self.request, _("The new password is set. Log in with it."))
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        frame = _frame(self.request, _("New password"))
        return {**super().get_context_data(**kwargs), **frame}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        status = HTTPStatus.NOT_FOUND if context.get("token_fail") else HTTPStatus.OK
        found: HttpResponse = super().render_to_response(context, status=status, **kwargs)
        return found


_ask, _asked, _new_password = AskView.as_view(), AskedView.as_view(), NewPasswordView.as_view()


@never_cache
def ask(request: HttpRequest) -> HttpResponseBase:
    """Ask for the e-mail address. Not found where mail is not set up."""
    return _answer(_ask, request)


@never_cache
def asked(request: HttpRequest) -> HttpResponseBase:
    """Say that a link was sent, if there is an account."""
    return _answer(_asked, request)


@never_cache
@sensitive_post_parameters()
def new_password(request: HttpRequest, uidb36: str, key: str) -> HttpResponseBase:
    """Ask for the new password."""
    return _answer(_new_password, request, uidb36=uidb36, key=key)


def _answer(view: Any, request: HttpRequest, **parts: str) -> HttpResponseBase:
    if not is_offered():
        raise Http404
    found: HttpResponseBase = view(request, **parts)
    return found
