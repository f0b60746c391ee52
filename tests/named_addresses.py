"""The addresses of the studio's pages with the ids of real rows in them."""

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import api_keys, invitations
from accounts.models import ApiKey, ServiceAccount
from accounts.reset_tokens import ResetTokenGenerator
from notifications import webhooks
from providers.models import ProviderCall, ProviderModel
from stories.enums import TakeKind
from stories.services import comments, review_links
from stories.web import actions, scenes
from stories.web.approvals import DECISIONS
from stories.web.story_pages import LIVE_TABS
from tests.api.world import World, make_world

ENDS_SESSION = ("logout", "language")


def addresses(patterns: Any, before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(getattr(pattern.pattern, "_route", ""))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif (
            isinstance(pattern, URLPattern)
            and "(?P" not in route
            and not pattern.pattern.describe().startswith("'^")
        ):
            yield route


PLACE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
FREE = {"str", "path", "slug"}  # the parts of an address that take any text
# Addresses whose row is not made here: they are asked for and not found.
NOT_MADE = ("/admin/second-factor/passkeys/", "/admin/providers/bill/", "/admin/r/", "/media/")


@dataclass
class Things:
    """Real rows, whose ids stand in addresses."""

    world: World
    ids: dict[str, Any]
    guest: str  # the token of a review link
    invited: str  # the token of an invitation
    program: ServiceAccount

    def of(self, name: str, route: str) -> Any:
        """The id that belongs to this part of the route; None if nothing is made for it."""
        world = self.world
        take = world.sound if "sound" in route else world.sheet if "sheet" in route else world.take
        token = self.guest if "/review/" in route else self.invited
        known = {**self.ids, "take_id": take.pk, "token": token, "model": 1, "width": 480}
        person = self.world.story.owner
        known["uidb36"] = user_pk_to_url_str(person)
        if "/new-password/" in route:
            known["key"] = ResetTokenGenerator().make_token(person)
        known["subject"] = world.story.pk  # of a provider call
        if name in known:
            return known[name]
        model = re.match(r"/admin/(\w+)/(\w+)/", route)
        if model and name in {"pk", "object_id", "id"}:
            if model[1] == "stories" and model[2] == "story":
                return self.world.story.pk
            with suppress(LookupError):
                rows = apps.get_model(model[1], model[2])._default_manager.order_by("pk")
                return rows.values_list("pk", flat=True).first()
        for start, found in (
            ("/admin/api-keys/", ApiKey.objects.values_list("pk", flat=True).first()),
            ("/admin/service-accounts/", self.program.user_id),
            ("/admin/people/", self.world.story.owner_id),
            ("/admin/log-ins/", self.world.story.owner_id),
            ("/admin/second-factor/", self.world.story.owner_id),
        ):
            if route.startswith(start):
                return found
        return None


# What the words of an address may be, so that the work behind them is reached.
WORDS: dict[str, Sequence[str]] = {
    "act": (*scenes.ACTS, "edit", "look", "publish", "newer", "remove", "deselect", "upload",
            "generate", "choose", "judge"),
    "name": (*actions.WORDS, *DECISIONS, "withdraw", "pause", "resume", "check", "balance",
             "retry", "cancel", "priority"),
    "kind": TakeKind.values,
    "mode": ("missing", "stale", "failed", "rejected"),
    "tab": LIVE_TABS,
    "form": ("srt", "vtt"),
    "track": ("speech", "music"),
    "place": ("title", "logo"),
    "mark": ("0" * 16,),
    "content": ("0" * 16,),
    "provider_id": ("company",),
    "provider": ("local",),
}  # fmt: skip


def named(things: Things, route: str, value: str = "") -> list[str]:
    """The addresses of a route with the ids of real things, one for each word it may hold.

    With a value, one address with it in the parts that take any text.
    """
    words = {found["name"]: WORDS[found["name"]] for found in PLACE.finditer(route)
             if found["name"] in WORDS}  # fmt: skip
    several = (
        [{}] if value else [dict(zip(words, one, strict=True)) for one in product(*words.values())]
    )

    def fill(match: re.Match[str], chosen: dict[str, str]) -> str:
        kind, name = match["kind"] or "str", match["name"]
        if kind in FREE and value:
            return value
        if name in chosen:
            return chosen[name]
        found = things.of(name, route)
        if found is None:
            return {"int": "1", "uuid": str(uuid.UUID(int=1))}.get(kind, "x")
        return str(found)

    return [PLACE.sub(lambda match, at=chosen: fill(match, at), route) for chosen in several]


def make_things(admin_user: Any) -> Things:
    world = make_world(admin_user)
    comment = comments.on_film(world.film.pk, actor=admin_user, text="Logo", at_ms=0)
    link, guest = review_links.share(
        world.story.pk, actor=admin_user, name="client", days=7, may_comment=True, may_decide=True
    )
    role = Group.objects.get(name="producer")
    invitation, invited = invitations.invite(name="Mina", role=role, actor=admin_user)
    address = "https://hooks.example.com/"
    webhook, _secret = webhooks.add(name="x", url=address, events=["budget"], actor=admin_user)
    ids = {
        "story_id": world.story.pk,
        "scene_id": world.scenes[0].pk,
        "effect_id": world.effect.pk,
        "film_id": world.film.pk,
        "look_id": world.sheet.look_id,
        "member_id": world.sheet.look.member_id,
        "approval_id": world.approval.pk,
        "job_id": world.job.pk,
        "comment_id": comment.pk,
        "link_id": link.pk,
        "bill_id": world.bill.pk,
        "call_id": world.unclear.pk,
        "invitation_id": invitation.pk,
        "webhook_id": webhook.pk,
        "project_id": world.story.project_id,
        "person_id": admin_user.pk,
        "user_id": admin_user.pk,
        "model_id": ProviderModel.objects.order_by("pk").values_list("pk", flat=True)[0],
    }
    ProviderCall.objects.create(
        provider_id="local", kind="image", key="1", request_hash="", unit_price=1, units=1,
        estimate=1, state="unclear", reserved_at=timezone.now(),
    )  # fmt: skip
    program = api_keys.create_account(name="ci", role=role, purpose="tests", actor=admin_user)
    api_keys.issue(program, name="key", scopes=["read"], days=7, actor=admin_user)
    return Things(world, ids, guest, invited, program)


def routes_of_pages() -> list[str]:
    found = sorted(
        {
            route
            for route in addresses(get_resolver().url_patterns)
            if not route.startswith(("/api/", "/static/"))
        }
    )
    return [route for route in found if not any(word in route for word in ENDS_SESSION)]
