"""Addresses that django-allauth looks up by their names, in the studio's frame."""

from allauth.mfa.webauthn.views import login_webauthn
from django.urls import path
from django.views.generic import RedirectView

from . import invitation_pages, login, passkeys, password_reset, single_sign_on

factors = RedirectView.as_view(pattern_name="admin:second_factor")

urlpatterns = [
    path("invited/<str:token>/", invitation_pages.invited, name="invited"),
    path("single-sign-on/<str:provider_id>/", single_sign_on.log_in, name="openid_connect_login"),
    path(
        "single-sign-on/<str:provider_id>/back/",
        single_sign_on.callback,
        name="openid_connect_callback",
    ),
    path("log-in/", login.again, name="account_login"),
    path("log-in/code/", login.second_step, name="mfa_authenticate"),
    path("log-in/passkey/", login_webauthn, name="mfa_login_webauthn"),
    path("forgot-password/", password_reset.ask, name="account_reset_password"),
    path("forgot-password/sent/", password_reset.asked, name="account_reset_password_done"),
    path(
        "new-password/<str:uidb36>/<str:key>/",
        password_reset.new_password,
        name="account_reset_password_from_key",
    ),
    path("confirm/", passkeys.ByPasswordView.as_view(), name="account_reauthenticate"),
    path("confirm/code/", passkeys.ByCodeView.as_view(), name="mfa_reauthenticate"),
    path("confirm/passkey/", passkeys.ByPasskeyView.as_view(), name="mfa_reauthenticate_webauthn"),
    path("second-factor/all/", factors, name="mfa_index"),
    path("second-factor/passkeys/", factors, name="mfa_list_webauthn"),
    path("second-factor/passkeys/add/", passkeys.AddView.as_view(), name="mfa_add_webauthn"),
    path(
        "second-factor/passkeys/<int:pk>/remove/",
        passkeys.RemoveView.as_view(),
        name="mfa_remove_webauthn",
    ),
]
