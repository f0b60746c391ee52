"""Prints, as one line of JSON, what a migrated installation holds. Run as a program by
test_first_version.py.
"""

import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from unicodedata import is_normalized

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "site"))
django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402  Django must be set up first
from allauth.usersessions.models import UserSession  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

from accounts import mfa  # noqa: E402
from jobs.models import Job  # noqa: E402
from providers import keys  # noqa: E402
from providers.models import AIProviderConfig, ProviderCall  # noqa: E402
from stories.models import (  # noqa: E402
    Approval,
    Comment,
    Film,
    ReviewLink,
    Scene,
    ScenePrompt,
    Story,
    StoryStateTransition,
    Take,
)
from stories.services.fingerprints import is_stale  # noqa: E402

MODELS = (
    Approval,
    Comment,
    Film,
    Job,
    ProviderCall,
    ReviewLink,
    Scene,
    Story,
    StoryStateTransition,
    Take,
    User,
)


def money() -> dict[str, str]:
    """What budgets count, by state, for the calls of the provider Runway."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for call in ProviderCall.objects.filter(provider="runway_ml"):
        sums[call.state] += call.counted
    return {state: f"{amount:.4f}" for state, amount in sorted(sums.items())}


def decomposed() -> list[str]:
    """Fields in which some row holds text that is not composed."""
    found = set()
    for model in (*MODELS, AIProviderConfig, ScenePrompt):
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() in {"CharField", "TextField"}
        ]
        for row in model._default_manager.values(*names):
            found |= {
                f"{model.__name__}.{name}"
                for name, text in row.items()
                if text and not is_normalized("NFC", str(text))
            }
    return sorted(found)


def stale() -> list[str]:
    """Scenes whose chosen picture counts as made from something else than the scene says now."""
    scenes = Scene.objects.exclude(image_take=None).select_related("story", "prompt", "image_take")
    return sorted(scene.title for scene in scenes if is_stale(scene.story, scene, scene.image_take))


def main() -> None:
    story = Story.objects.get(title="Łódź 이야기")
    boss = User.objects.get(username="boss")
    app = Authenticator.objects.get(user=boss, type="totp")
    facts = {
        "counts": {model.__name__: model._default_manager.count() for model in MODELS},
        "story": {
            "title": story.title,
            "status": story.status,
            "budget": str(story.budget),
            "owner": story.owner.username,
            "live_scenes": Scene.live.filter(story=story).count(),
        },
        "key": keys.key_of(AIProviderConfig.objects.get(provider="runway_ml")),
        "pause_reason": str(AIProviderConfig.objects.get(provider="stability_ai").pause_reason),
        "money": money(),
        "totp": mfa.is_set_up(boss),
        "secret": bool(mfa.decrypt_secret(boss, app.data["secret"])),
        "recovery_codes": mfa.recovery_codes_left(boss),
        "sessions": list(UserSession.objects.values_list("user__username", "session_key")),
        "decomposed": decomposed(),
        "stale": stale(),
        "usernames": sorted(User.objects.values_list("username", flat=True)),
    }
    sys.stdout.write(json.dumps(facts) + "\n")


main()
