"""Fits django-allauth to the studio: closed sign-up, the studio's limits, encrypted secrets."""

import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from api.problems import Problem
from core.client_address import client_address
from core.encryption import fernet

from . import known_devices, login_throttle, mfa
from .api_keys import is_service_account

BOUND = b"allauth\n"
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104  not bound to: stored for a session without an address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # not typed
    """Accounts are made by administrators, invitations or single sign-on, never by strangers."""

    # The signature of the base
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address as the limits see it (IPv6: its /64 network)."""
        found = client_address(request).partition("/")[0]
        try:
            return str(ipaddress.ip_address(found))
        except ValueError:
            return UNKNOWN_ADDRESS

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Show errors only: the pages themselves say what was done."""
        if level == messages.ERROR:
            super().add_message(request, level, *args, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Remember the browser as a known device of the account."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        known_devices.remember(request, response, login_throttle.account_key(user.get_username()))
        return response

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Let in active staff, whichever way they come; programs never log in."""
        if user.is_active and user.is_staff and not is_service_account(user):
            found: HttpResponse | None = super().pre_login(request, user, **kwargs)
            return found
        clear_login(request)
        messages.error(request, _("This account has no access to the studio."))
        return HttpResponseRedirect(reverse("admin:login"))

    # The signature of the base
    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:  # noqa: ARG002
        """Ask again before factors are changed, unless the account has nothing to ask for."""
        return bool(get_reauthentication_flows(context.request.user))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """A second factor, once there is one: the password alone may be the thief's."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [method for method in methods if str(method["id"]).startswith("mfa_")]
        return factors or methods

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Check the password of the session's user with the limit of `check_own_password`."""
        try:
            return login_throttle.check_own_password(self.request, user, password)
        except Problem as problem:
            raise ValidationError(str(problem.sentence), code=problem.code) from problem


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # not typed
    def get_totp_label(self, user: Any) -> str:
        return f"{self.get_totp_issuer()}:{user.get_username()}"

    def build_totp_url(self, user: Any, secret: str) -> str:
        """Name every parameter: some apps have other defaults."""
        return f"{super().build_totp_url(user, secret)}&algorithm=SHA1&digits=6&period=30"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.get_username())

    def encrypt(self, text: str) -> str:
        if text.startswith(mfa.HASHED):
            return text
        return fernet().encrypt(BOUND + text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text; an empty one if no installation secret fits. Hashes stay as they are."""
        if encrypted_text.startswith(mfa.HASHED):
            return encrypted_text
        try:
            opened = fernet().decrypt(encrypted_text.encode())
        except InvalidToken:
            return ""
        return opened.removeprefix(BOUND).decode() if opened.startswith(BOUND) else ""

    # The signature of the base
    def can_delete_authenticator(self, authenticator: Any) -> bool:  # noqa: ARG002
        return True
