"""Logging in as a person does: name and password, then the code."""

import base64
import hmac
import re
import struct
from typing import Any

from django.test import Client
from django.urls import reverse

PAGE = "/admin/second-factor/"


TOKEN = "/api/ai-video/auth/token/"


def code_of(secret: bytes, moment: float) -> str:
    """RFC 6238 and RFC 4226, written down once more: the judge is not the library."""
    digest = hmac.digest(secret, struct.pack(">Q", int(moment) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def log_in(client: Client, name: str, password: str = "") -> Any:
    return client.post(
        reverse("admin:login"), {"username": name, "password": password or name, "next": "/admin/"}
    )


def give(client: Client, code: str) -> Any:
    return client.post(reverse("mfa_authenticate"), {"code": code})


def secret_on(page: Any) -> bytes:
    """The secret that the page of the set-up shows."""
    (typed,) = re.findall(r'<code class="vp-secret">([A-Z2-7-]+)</code>', page.content.decode())
    return base64.b32decode(typed.replace("-", ""))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def ask_token(client: Client, **body: str) -> Any:
    return client.post(TOKEN, body, content_type="application/json")
