"""The log-in endpoints, added to an API by `add_to(api)`."""

from typing import Annotated, Literal

import msgspec
from django.utils.translation import gettext_noop
from msgspec import Meta

from api.components import Body
from api.controllers import ApiController, operation
from api.inputs import Strict, text
from api.problems import forbidden
from api.responses import NoContent
from api.routes import Api

from . import mfa, refresh_tokens
from .login_throttle import log_in
from .signing_keys import sign_on

TAG = "Auth"


class LogIn(Strict):
    username: Annotated[str, text(least=1, most=150)]
    password: Annotated[str, text(least=1, most=500)]
    code: Annotated[str, text(most=40)] = ""


class Refresh(Strict):
    refresh_token: Annotated[str, text(least=1, most=200)]


class Tokens(msgspec.Struct):
    """Send `access_token` as `Authorization: Bearer …`; exchange `refresh_token` for the next pair
    before or after it ends.
    """

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(description="Seconds.")]
    refresh_token: str
    refresh_expires_in: Annotated[int, Meta(description="Seconds.")]


def _tokens(pair: refresh_tokens.Pair) -> Tokens:
    return Tokens(
        pair.access.token, "Bearer", pair.access.seconds, pair.refresh.token, pair.refresh.seconds
    )


def _require_no_sign_on() -> None:
    """Refuse with 403 if a company single sign-on is configured, because it alone issues tokens.

    An account removed there loses access here, too.
    """
    if sign_on():
        raise forbidden(
            "sign_on_only",
            gettext_noop("Tokens come from your company's sign-on; none is given for a password."),
        )


class LogInController(ApiController):
    tags = (TAG,)

    @operation("log_in_for_token", summary="Log in", is_open=True, problems=(401, 403, 429))
    def post(self, body: Body[LogIn]) -> Tokens:
        """Who has a second factor sends the authenticator app's `code` too, or one of the recovery
        codes; without it the answer is 401 `code_required`.

        Limited per account and per address; 429 says in Retry-After when to try again. 403
        `sign_on_only` where a company's own sign-on gives the tokens.
        """
        _require_no_sign_on()
        user = log_in(self.request, body.username, body.password, body.code)
        if mfa.is_missing(user):
            raise forbidden("second_factor_missing", mfa.SET_UP_FIRST)
        return _tokens(refresh_tokens.start(user))


class RefreshController(ApiController):
    tags = (TAG,)

    @operation(
        "refresh_token",
        summary="Exchange a refresh token for the next pair",
        is_open=True,
        problems=(401, 403),
    )
    def post(self, body: Body[Refresh]) -> Tokens:
        """Each refresh token works once. Using one a second time ends the whole log-in."""
        _require_no_sign_on()
        return _tokens(refresh_tokens.rotate(body.refresh_token))


class RevokeController(ApiController):
    tags = (TAG,)

    @operation("revoke_token", summary="Log out", is_open=True)
    def post(self, body: Body[Refresh]) -> NoContent:
        """Ends the log-in with all its tokens at once. A token that is unknown is answered the same
        way.
        """
        refresh_tokens.revoke(body.refresh_token)
        return NoContent()


def add_to(api: Api) -> None:
    api.at("auth/token/")(LogInController)
    api.at("auth/refresh/")(RefreshController)
    api.at("auth/revoke/")(RevokeController)
