"""Single sign-on by OpenID Connect in the browser, carried by django-allauth.

The company's provider says who somebody is, and its groups say which roles they have. Beyond what
allauth checks (state, PKCE, issuer, audience, end), the signature of the ID token, its nonce and
the subject of the user information are checked here.
"""

import secrets
from typing import Any

import jwt
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage, listed

from . import audit, sessions
from .access_tokens import SIGN_ON_ALGORITHMS
from .api_keys import is_service_account
from .claims import names_its_person, roles_of, username_of
from .roles import LABELS

PROVIDER_ID = "company"
ADMINISTRATOR = "administrator"  # a role of settings that makes superusers
FOR_EVERYBODY = "everybody"
NONCE = "oidc_nonce"  # session key


def is_configured() -> bool:
    return bool(settings.OIDC_ISSUER)


def allows_password(user: User) -> bool:
    """Return whether this user may log in with a password in the browser.

    With single sign-on only superusers may: the way in when the provider fails.
    """
    return user.is_superuser or not is_configured() or FOR_EVERYBODY == settings.OIDC_PASSWORD_LOGIN


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # not typed
    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any
    ) -> Any:
        """Require an ID token, and user information about the same subject."""
        response = kwargs["response"]
        if not response.get("id_token"):
            raise OAuth2Error("The provider sent no ID token.")
        claims = self._decode_id_token(app, response["id_token"])
        about = self._fetch_user_info(token.token)
        if about.get("sub") != claims.get("sub"):
            raise OAuth2Error("The user information is about somebody else.")
        data = {"userinfo": {**claims, **about}, "id_token": claims}
        return self.get_provider().sociallogin_from_response(request, data)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        expected = self.request.session.pop(NONCE, "")
        try:
            if jwt.get_unverified_header(id_token).get("alg") not in SIGN_ON_ALGORITHMS:
                raise OAuth2Error("The ID token is not signed as expected.")
            claims: dict[str, Any] = jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise OAuth2Error("The ID token is not valid.") from error
        if not expected or not secrets.compare_digest(str(claims.get("nonce", "")), expected):
            raise OAuth2Error("The ID token belongs to another log-in.")
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("The ID token was made for another application.")
        return claims


class Provider(OpenIDConnectProvider):  # type: ignore[misc]  # not typed
    oauth2_adapter_class = Adapter

    def get_auth_params_from_request(self, request: HttpRequest, action: Any) -> dict[str, Any]:  # noqa: ARG002  the signature of the base
        """Send a nonce, and nothing that comes with the request."""
        nonce = request.session[NONCE] = secrets.token_urlsafe(24)
        return {**self.get_auth_params(), "nonce": nonce}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:  # noqa: ARG002  as above
        return list(self.get_scope())


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # not typed
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002  the signature of the base
        return is_configured()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in whom a group gives a role; connect an account that has the same name."""
        claims = claims_of(sociallogin)
        roles = roles_of(claims)
        if sociallogin.is_existing:
            apply_roles(sociallogin.user, roles)
        if not roles:
            raise _refused(request, _("Your company account has no role in the studio."))
        if not sociallogin.is_existing:
            self._connect(request, sociallogin, claims, roles)

    def _connect(
        self,
        request: HttpRequest,
        sociallogin: SocialLogin,
        claims: dict[str, Any],
        roles: frozenset[str],
    ) -> None:
        name = username_of(claims)
        if not name:
            raise _refused(request, _("Your company account has no name that can be used here."))
        if not names_its_person(claims):
            raise _refused(request, _("Your company has not verified your e-mail address."))
        sociallogin.user.username = name
        known = User.objects.filter(username=name).first()
        if known is None:
            return
        if known.is_superuser or is_service_account(known) or is_connected(known):
            raise _refused(
                request, _("There is an account of this name that single sign-on does not open.")
            )
        sociallogin.connect(request, known)
        apply_roles(known, roles)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:  # noqa: ARG002  the signature of the base
        """Create the account at the first log-in, without a password."""
        user: User = sociallogin.user
        user.is_staff = True
        user.set_unusable_password()
        with transaction.atomic():
            sociallogin.save(request)
            apply_roles(user, roles_of(claims_of(sociallogin)))
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:  # noqa: ARG002  the signature of the base
        raise _refused(request, _("Single sign-on did not work. Try again."))


def claims_of(sociallogin: SocialLogin) -> dict[str, Any]:
    found = sociallogin.account.extra_data.get("userinfo")
    return found if isinstance(found, dict) else {}


def is_connected(user: User) -> bool:
    """Return whether this account is connected with somebody of the provider already."""
    return bool(SocialAccount.objects.filter(user=user, provider=PROVIDER_ID).exists())


def apply_roles(user: User, roles: frozenset[str]) -> None:
    """Give the account exactly these of the mapped roles; other roles stay as they are.

    An account that loses its last mapped role loses its log-ins, too.
    """
    mapped = set(settings.OIDC_ROLES.values())
    with transaction.atomic():
        before = set(user.groups.filter(name__in=mapped).values_list("name", flat=True))
        wanted = set(Group.objects.filter(name__in=roles).values_list("name", flat=True))
        user.groups.remove(*Group.objects.filter(name__in=before - wanted))
        user.groups.add(*Group.objects.filter(name__in=wanted - before))
        if ADMINISTRATOR in mapped and user.is_superuser != (ADMINISTRATOR in roles):
            user.is_superuser = ADMINISTRATOR in roles
            user.save(update_fields=("is_superuser",))
        if before != wanted:
            audit.log(user, user, _roles_given(sorted(wanted)))
        if not roles:
            sessions.end_all(user)


def _roles_given(names: list[str]) -> LocalizedMessage:
    if not names:
        return LocalizedMessage(gettext_noop("Roles by single sign-on: none."))
    return LocalizedMessage(
        gettext_noop("Roles by single sign-on: %(roles)s."),
        {"roles": listed(LABELS.get(name, name) for name in names)},
    )


def _refused(request: HttpRequest, text: str) -> ImmediateHttpResponse:
    messages.error(request, text)
    return ImmediateHttpResponse(HttpResponseRedirect(reverse("admin:login")))


def log_in(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the company's provider."""
    return _answer(OAuth2LoginView, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends the browser back to."""
    return _answer(OAuth2CallbackView, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if not is_configured() or provider_id != PROVIDER_ID:
        raise Http404
    found: HttpResponse = view.adapter_view(Adapter(request, provider_id))(request)
    return found
