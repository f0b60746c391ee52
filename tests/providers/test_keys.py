"""Keys at rest: sealed, bound to their provider, never wrong, never shown."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.serializers import serialize

from providers import keys
from providers.errors import Forbidden, Invalid, KeyUnreadable
from providers.models import AIProviderConfig
from providers.services import configs
from providers.signals import capacity_freed

KEY = "sk-MARKED-0123456789-wxyz"
OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> Any:
    settings.PROVIDER_SECRETS = [OLD]
    settings.PROVIDER_KEYS = {}
    return settings


@pytest.fixture
def config(db: None) -> AIProviderConfig:
    config = AIProviderConfig.objects.get(provider="stability_ai")
    keys.put_key(config, KEY)
    config.save()
    return config


def test_key_is_sealed_and_read_back(config: AIProviderConfig) -> None:
    config.refresh_from_db()
    assert KEY not in config.api_key_enc
    assert (
        keys.key_of(config),
        config.api_key_hint,
        keys.hint_of(config),
        keys.has_key(config),
    ) == (KEY, "wxyz", "wxyz", True)


def test_removed_key(config: AIProviderConfig) -> None:
    keys.put_key(config, "  ")
    assert (keys.key_of(config), config.api_key_hint, keys.has_key(config)) == ("", "", False)


def test_short_key_gives_no_hint() -> None:
    assert keys.hint("short") == ""


def test_key_of_the_environment_wins(config: AIProviderConfig, settings: Any) -> None:
    settings.PROVIDER_KEYS = {"stability_ai": "sk-from-the-environment"}
    assert (keys.key_of(config), keys.hint_of(config)) == ("sk-from-the-environment", "ment")


def test_other_secrets_cannot_read_it(config: AIProviderConfig, settings: Any) -> None:
    settings.PROVIDER_SECRETS = [NEW]
    with pytest.raises(KeyUnreadable) as unreadable:
        keys.key_of(config)
    assert KEY not in str(unreadable.value) + repr(unreadable.value)
    assert config.api_key_enc not in str(unreadable.value)


def test_ciphertext_moved_to_another_provider_cannot_be_read(config: AIProviderConfig) -> None:
    other = AIProviderConfig.objects.get(provider="runway_ml")
    other.api_key_enc = config.api_key_enc
    with pytest.raises(KeyUnreadable):
        keys.key_of(other)


def test_plain_text_in_the_row_is_not_taken_for_a_key(config: AIProviderConfig) -> None:
    config.api_key_enc = KEY
    with pytest.raises(KeyUnreadable):
        keys.key_of(config)


def test_rotation_brings_keys_under_the_newest_secret(
    config: AIProviderConfig, settings: Any
) -> None:
    settings.PROVIDER_SECRETS = [NEW, OLD]
    assert keys.key_of(config) == KEY
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out)
    assert out.getvalue() == "Keys stored anew: 1; second factors: 0; chats and webhooks: 0\n"
    settings.PROVIDER_SECRETS = [NEW]
    config.refresh_from_db()
    assert keys.key_of(config) == KEY


def test_rotation_changes_nothing_when_one_key_cannot_be_read(
    config: AIProviderConfig, settings: Any
) -> None:
    AIProviderConfig.objects.filter(provider="runway_ml").update(api_key_enc="broken")
    settings.PROVIDER_SECRETS = [NEW, OLD]
    before = config.api_key_enc
    with pytest.raises(CommandError, match="runway_ml"):
        call_command("rotate_secrets")
    config.refresh_from_db()
    assert config.api_key_enc == before


def test_dump_holds_no_key(config: AIProviderConfig) -> None:
    dump = serialize("json", AIProviderConfig.objects.all())
    assert KEY not in dump
    assert KEY[:12] not in json.dumps(json.loads(dump))


def test_set_key_needs_its_permission(config: AIProviderConfig, viewer: Any) -> None:
    before = config.api_key_enc
    with pytest.raises(Forbidden):
        configs.set_key(config, actor=viewer, key="sk-another-key-1234")
    config.refresh_from_db()
    assert config.api_key_enc == before


@pytest.mark.parametrize("key", ["short", "with space inside it", "zero\x00width-and-more"])
def test_set_key_refuses_what_is_no_key(
    key: str, config: AIProviderConfig, admin_user: Any
) -> None:
    with pytest.raises(Invalid, match="does not look like a key"):
        configs.set_key(config, actor=admin_user, key=key)


def test_set_key_wakes_those_who_wait(
    config: AIProviderConfig, admin_user: Any, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[str] = []

    def hear(provider: str, **_: Any) -> None:
        heard.append(provider)

    capacity_freed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            configs.set_key(config, actor=admin_user, key=" sk-another-key-1234 \n")
    finally:
        capacity_freed.disconnect(hear)
    config.refresh_from_db()
    assert (keys.key_of(config), config.api_key_hint, heard) == (
        "sk-another-key-1234",
        "1234",
        ["stability_ai"],
    )


def test_pause_and_resume(config: AIProviderConfig, admin_user: Any, viewer: Any) -> None:
    with pytest.raises(Forbidden):
        configs.pause(config, actor=viewer, reason="x")
    with pytest.raises(Invalid):
        configs.pause(config, actor=admin_user, reason=" ")
    configs.pause(config, actor=admin_user, reason="bill is late")
    config.refresh_from_db()
    assert (config.is_paused, config.pause_reason) == (True, "bill is late")
    with pytest.raises(Forbidden):
        configs.resume(config, actor=viewer)
    configs.resume(config, actor=admin_user)
    config.refresh_from_db()
    assert (config.is_paused, config.pause_reason, config.not_before) == (False, "", None)
