"""The three doors of log-in, to be added to an API: `add_to(api)`."""

from typing import Annotated, Literal

import msgspec
from django.utils.translation import gettext_noop
from msgspec import Meta

from web.json.answers import NoContent
from web.json.inputs import Strict, text
from web.json.problems import forbidden
from web.json.routes import Api, Call

from . import factor, refresh
from .attempts import log_in
from .keys import sign_on

TAG = "Auth"


class LogIn(Strict):
    username: Annotated[str, text(least=1, most=150)]
    password: Annotated[str, text(least=1, most=500)]
    code: Annotated[str, text(most=40)] = ""


class Refresh(Strict):
    refresh_token: Annotated[str, text(least=1, most=200)]


class Tokens(msgspec.Struct):
    """Send `access_token` as `Authorization: Bearer …`; trade `refresh_token` for the next pair before or after it ends."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(description="Seconds.")]
    refresh_token: str
    refresh_expires_in: Annotated[int, Meta(description="Seconds.")]


def _tokens(pair: refresh.Pair) -> Tokens:
    return Tokens(pair.access.token, "Bearer", pair.access.seconds, pair.refresh.token, pair.refresh.seconds)


def _require_no_sign_on() -> None:
    """Where a company has a sign-on of its own, it alone gives tokens: who leaves the company has left the studio, too."""
    if sign_on():
        raise forbidden("sign_on_only", gettext_noop("Tokens come from your company's sign-on; none is given for a password."))


def log_in_for_token(call: Call, body: LogIn) -> Tokens:
    """Who has a second factor sends the authenticator app's `code` too, or one of the recovery codes; without it the answer is 401 `code_required`.

    Limited per account and per address; 429 says in Retry-After when to try again. 403 `sign_on_only` where a company's own
    sign-on gives the tokens.
    """
    _require_no_sign_on()
    user = log_in(call.request, body.username, body.password, body.code)
    if factor.is_missing(user):
        raise forbidden("second_factor_missing", factor.SET_UP_FIRST)
    return _tokens(refresh.start(user))


def refresh_token(call: Call, body: Refresh) -> Tokens:  # noqa: ARG001  every route takes the call
    """Each refresh token works once. Using one a second time ends the whole log-in."""
    _require_no_sign_on()
    return _tokens(refresh.rotate(body.refresh_token))


def revoke_token(call: Call, body: Refresh) -> NoContent:  # noqa: ARG001  every route takes the call
    """Ends the log-in with all its tokens at once. A token that is unknown is answered the same way."""
    refresh.revoke(body.refresh_token)
    return NoContent()


def add_to(api: Api) -> None:
    api.post("auth/token/", tag=TAG, summary="Log in", auth=False, problems=(401, 403, 429))(log_in_for_token)
    api.post("auth/refresh/", tag=TAG, summary="Trade a refresh token for the next pair", auth=False, problems=(401, 403))(refresh_token)
    api.post("auth/revoke/", tag=TAG, summary="Log out", auth=False)(revoke_token)
