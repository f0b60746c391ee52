"""What a provider's configuration may say."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from providers.models import (
    AIProviderConfig,
    CallEvent,
    OrganizationBudget,
    ProviderCall,
    ProviderModel,
)


def config(**values: Any) -> AIProviderConfig:
    return AIProviderConfig(**({"provider": "runway_ml", "name": "Runway ML"} | values))


@pytest.mark.parametrize(
    "values",
    [
        {"base_url": "https://api.dev.runwayml.com"},
        {"base_url": ""},
        {
            "provider": "llm",
            "settings": {"free": True, "max_tokens": 900, "response_format": "json_object"},
        },
        {
            "settings": {
                "send_timeout": 30,
                "result_hosts": ["files.example.com"],
                "max_duration": 4,
            }
        },
        {"provider": "llm", "base_url": "http://models.lan:11434/v1"},
        {"settings": {"faults": {"image": "timeout"}}},
    ],
)
def test_configurations_that_make_sense(values: dict[str, Any], settings: Any) -> None:
    settings.PROVIDER_PRIVATE_HOSTS = ["models.lan:11434"]
    config(**values).clean()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"base_url": "http://api.dev.runwayml.com"}, "base_url"),
        ({"base_url": "http://127.0.0.1:8000"}, "base_url"),
        ({"base_url": "https://user@api.dev.runwayml.com"}, "base_url"),
        ({"base_url": "https://api.dev.runwayml.com/v1?x="}, "base_url"),
        ({"base_url": "https://api.dev.runwayml.com/v1#x"}, "base_url"),
        ({"provider": "llm", "base_url": "http://models.example:11434/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://127.0.0.1/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://localhost/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://2130706433/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://0x7f.1/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://[::ffff:10.0.0.1]/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://[64:ff9b::a00:1]/v1"}, "base_url"),
        ({"provider": "llm", "base_url": "https://169.254.169.254/v1"}, "base_url"),
        ({"settings": {"send_timeout": "5 s"}}, "settings"),
        ({"settings": {"send_timeout": 0}}, "settings"),
        ({"settings": {"send_timeout": True}}, "settings"),
        ({"settings": {"poll_seconds": -1}}, "settings"),
        ({"settings": {"result_hosts": "cloudfront.net"}}, "settings"),
        ({"settings": {"result_hosts": []}}, "settings"),
        ({"settings": {"result_hosts": ["com"]}}, "settings"),
        ({"settings": {"result_hosts": ["https://cloudfront.net"]}}, "settings"),
        ({"settings": {"result_hosts": ["10.0.0.1"]}}, "settings"),
        ({"settings": {"default_model": 5}}, "settings"),
        ({"settings": {"faults": "timeout"}}, "settings"),
        ({"settings": {"webhook_url": "https://studio.example/"}}, "settings"),
        (
            {"provider": "replicate", "settings": {"webhook_url": "http://studio.example/"}},
            "settings",
        ),
        ({"provider": "replicate", "settings": {"cancel_after": "soon"}}, "settings"),
        ({"provider": "llm", "settings": {"max_tokens": 1.5}}, "settings"),
        ({"provider": "llm", "settings": {"max_tokens_field": "max tokens"}}, "settings"),
        ({"provider": "llm", "settings": {"free": "yes"}}, "settings"),
        ({"provider": "llm", "settings": {"response_format": "xml"}}, "settings"),
        ({"provider": "stability_ai", "settings": {"default_steps": 500}}, "settings"),
        ({"settings": []}, "settings"),
        ({"settings": {"faults": {"image": "explode"}}}, "settings"),
    ],
)
def test_configurations_that_do_not(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        config(**values).clean()
    assert list(error.value.message_dict) == [field]


def test_first_rows(db: None) -> None:
    """The guide's providers as the guide has them; only the local one is active."""
    rows = AIProviderConfig.objects.order_by("provider").values_list(
        "provider",
        "is_active",
        "rate_limit_per_minute",
        "rate_limit_per_hour",
        "cost_per_image",
        "cost_per_second_video",
    )
    assert [
        (name, active, minute, hour, str(image), str(second))
        for name, active, minute, hour, image, second in rows
    ] == [
        ("elevenlabs", False, None, None, "None", "None"),
        ("llm", False, None, None, "None", "None"),
        ("local", True, None, None, "0.0000", "0.0000"),
        ("openai_speech", False, None, None, "None", "None"),
        ("replicate", False, 600, None, "None", "None"),
        ("runway_ml", False, 30, 500, "0.0300", "0.0800"),
        ("stability_ai", False, 60, 1000, "0.0200", "0.0500"),
    ]
    settings = dict(AIProviderConfig.objects.values_list("provider", "settings"))
    assert settings["stability_ai"] == {
        "default_model": "stable-diffusion-xl-1024-v1-0",
        "default_steps": 30,
    }
    assert settings["runway_ml"] == {"default_model": "gen-2", "max_duration": 4}
    assert OrganizationBudget.objects.count() == 1


def test_every_model_row_has_what_its_adapter_needs(db: None) -> None:
    for row in ProviderModel.objects.all():
        assert row.price is not None or row.note, row.name
        assert (row.price is None) == (row.priced_on is None), row.name
        if row.provider_id == "stability_ai":
            assert row.endpoint, row.name
        if row.stands_for:
            assert ProviderModel.objects.filter(
                provider=row.provider_id, kind=row.kind, name=row.stands_for
            ).exists()


def test_rows_name_themselves(db: None) -> None:
    call = ProviderCall(provider_id="local", kind="image")
    event = CallEvent(
        name="send",
        from_state="reserved",
        to_state="sending",
        note_data={"template": "Hello %(name)s", "values": {"name": "you"}},
    )
    assert (str(call)[:12], str(event), str(event.note)) == (
        "local image ",
        "send: reserved → sending",
        "Hello you",
    )
    assert [str(OrganizationBudget()), str(config()), str(ProviderModel(name="core"))] == [
        "Organization budget",
        "Runway ML",
        "core",
    ]
