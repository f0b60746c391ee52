"""The log-in: name and password, then the second factor, as stages of django-allauth.

The limits are those of the API: per account and per address, across processes.
"""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.account.views import LoginView
from allauth.core import context
from allauth.mfa.base.forms import (
    AuthenticateForm,
    BaseAuthenticateForm,
    ReauthenticateForm,
)
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.stages import AuthenticateStage
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from api.problems import Problem

from . import login_throttle, password_reset, single_sign_on
from .access_tokens import password_mark, password_marks

CODE_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "autocapitalize": "none",
    "spellcheck": "false",
    "autofocus": "",
    "maxlength": "40",
}


MARK = "password_mark"  # of the password that was right, while the code is asked for


class LogInForm(AuthenticationForm):
    """Asks for username and password. Past the limit it reports when to try again."""

    request: HttpRequest
    user_cache: Any

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy(
            "The user name or password is incorrect. Both are case-sensitive."
        ),
    }

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password:
            try:
                self.user_cache = login_throttle.check_password(self.request, username, password)
            except Problem as problem:
                if problem.code == "wrong_credentials":
                    raise self.get_invalid_login_error() from problem
                raise ValidationError(str(problem.sentence), code=problem.code) from problem
            self.confirm_login_allowed(self.user_cache)
            if not single_sign_on.allows_password(self.user_cache):
                raise ValidationError(
                    _("Use your company's sign-on. Passwords are for administrators only."),
                    code="sign_on_only",
                )
        return dict(self.cleaned_data)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Begin the session, or ask for the second factor first."""
        login = Login(
            user=self.user_cache,
            redirect_url=redirect_url,
            state={MARK: password_mark(self.user_cache)},
        )
        # Not typed
        return perform_password_login(request, {}, login)  # type: ignore[no-any-return]


class _WithLimits(BaseAuthenticateForm):  # type: ignore[misc]  # not typed
    """Asks for the code of the app or a recovery code, with the limits of the log-in."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs=CODE_ATTRIBUTES),
    )

    user: User

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = login_throttle.verify_mfa(self.request, self.user, code)
        except Problem as problem:
            raise ValidationError(str(problem.sentence), code=problem.code) from problem
        self.authenticator.user = self.user
        return code

    @property
    def request(self) -> HttpRequest:
        return context.request  # type: ignore[no-any-return]  # not typed


class CodeForm(_WithLimits, AuthenticateForm):  # type: ignore[misc]  # not typed
    """At the log-in."""


class ConfirmCodeForm(_WithLimits, ReauthenticateForm):  # type: ignore[misc]  # not typed
    """Before a factor is changed."""


def _frame(request: HttpRequest) -> dict[str, Any]:
    site: Any = admin.site
    request.current_app = site.name
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return {
        **site.each_context(request),
        "title": _("Log in"),
        "app_path": request.get_full_path(),
        "next": wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "",
        "resets": password_reset.is_offered(),
        "company": settings.OIDC_NAME if single_sign_on.is_configured() else "",
        "company_id": single_sign_on.PROVIDER_ID,
    }


def page(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Ask for name and password."""
    context = {**_frame(request), "username": request.user.get_username(), **(extra_context or {})}
    view = LoginView.as_view(
        form_class=LogInForm, template_name="admin/login.html", extra_context=context
    )
    return view(request)  # type: ignore[no-any-return]  # not typed


class SecondStepView(AuthenticateView):  # type: ignore[misc]  # not typed
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**_frame(self.request), **super().get_context_data(**kwargs)}


_second_step = SecondStepView.as_view(template_name="studio/log_in_code.html")


@never_cache
def second_step(request: HttpRequest) -> HttpResponseBase:
    """Ask for the second factor.

    The right password is remembered for five minutes, and no longer than it is the password.
    """
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("admin:index"))
    stage = LoginStageController.enter(request, AuthenticateStage.key)
    user = stage.login.user if stage else None
    mark = stage.login.state.get(MARK) if stage else None
    if user and user.is_active and (mark is None or mark in password_marks(user)):
        return _second_step(request)  # type: ignore[no-any-return]  # not typed
    clear_login(request)
    messages.warning(request, _("That took too long. Log in again."))
    return HttpResponseRedirect(reverse("admin:login"))


def again(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  a view
    """Where allauth sends people who must log in first."""
    return HttpResponseRedirect(reverse("admin:login"))
