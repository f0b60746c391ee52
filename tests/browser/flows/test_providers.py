"""A provider is set up in three steps: its key, a test, a price. Then it is switched on."""

import pytest
from django.urls import reverse

from providers.models import AIProviderConfig
from tests.fakes.stability import Stability

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def provider(settings):
    settings.LOOPBACK_PROVIDERS = True
    with Stability() as fake:
        AIProviderConfig.objects.filter(provider="stability_ai").update(
            base_url=fake.url, is_active=False
        )
        yield fake


def test_provider_is_set_up(reader, browse, enter_as, administrator, provider):
    say = reader.say
    config = AIProviderConfig.objects.get(provider="stability_ai")
    path = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
    page = enter_as(browse(), administrator, path)
    steps = page.locator(".vp-strip", has_text=say("Set up in three steps"))
    assert steps.inner_text().count(say("open")) == 2
    own = ("stability_ai", *page.locator(".vp-prices b").all_inner_texts())
    reader.look(page, "provider-new", own=own)
    page.locator("#id_new_key").fill(provider.key)
    reader.send(page, page.locator("[name=_continue]"))
    steps.wait_for()
    reader.press(steps.get_by_role("link", name=say("Test")))
    dialog = page.get_by_role("dialog").or_(page.locator(".vp-ask-box")).first
    button = dialog.get_by_role("button", name=say("Test the connection"))
    button.wait_for()
    reader.look(page, "provider-test", own=own)
    reader.press(button)
    page.get_by_text(say("The connection works. %(facts)s", facts="").strip()).first.wait_for()
    steps.wait_for(state="detached")
    page.locator("#id_is_active").scroll_into_view_if_needed()
    reader.press(page.locator("#id_is_active"))
    reader.send(page, page.locator("[name=_continue]"))
    config.refresh_from_db()
    assert (config.is_active, config.test_works) == (True, True)
    reader.look(page, "provider-on", own=own)
