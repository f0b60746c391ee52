"""After a decision about an unclear call its page offers to order the take again, at its price."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from stories.models import Take
from stories.services.plan import plan_generation
from tests.stories.factories import make_scene, make_story


@pytest.fixture
def scene(owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.25"))
    return make_scene(make_story(owner, status="previewing"))


def unclear(scene):
    return ProviderCall.objects.create(
        provider_id="local",
        kind=Kind.IMAGE,
        state=CallState.UNCLEAR,
        key=uuid.uuid4().hex,
        subject=str(scene.story_id),
        item=str(scene.pk),
        request_hash="0",
        unit_price=Decimal("0.25"),
        units=1,
        estimate=Decimal("0.25"),
    )


def offers(client, call):
    return client.get(reverse("admin:providers_providercall_change", args=[call.pk])).context[
        "offers"
    ]


@pytest.mark.parametrize("decision", ["not_charged", "write_off"])
@pytest.mark.moderate
def test_offered_once_it_is_decided(client, manager, scene, decision):
    client.force_login(manager)
    call = unclear(scene)
    assert offers(client, call) == []
    answer = client.post(
        reverse("admin:providers_call_resolve", args=[call.pk]),
        {"decision": decision, "reason": "looked"},
        follow=True,
    )
    price = scene_price(scene)
    address = f"{reverse('admin:board_scene', args=[scene.story_id, scene.pk])}?kind=image"
    assert answer.context["offers"] == [(f"Make it again for ${price}", address)]
    assert f'href="{address}">Make it again for ${price}</a>' in answer.content.decode()
    assert client.get(address).status_code == 200
    assert ProviderCall.objects.count() == 1, "nothing is ordered by looking"


def scene_price(scene):
    return plan_generation(scene.story, "image").items[0].price.quantize(Decimal("0.01"))


def test_not_offered_where_it_is_not_wanted_any_more(client, manager, scene, owner):
    client.force_login(manager)
    call = unclear(scene)
    client.post(
        reverse("admin:providers_call_resolve", args=[call.pk]),
        {"decision": "write_off", "reason": "looked"},
    )
    assert len(offers(client, call)) == 1
    take = Take.objects.create(
        scene=scene,
        kind="image",
        file="x.png",
        sha256="0",
        mime="image/png",
        width=16,
        height=9,
        prompt=scene.prompt,
        source="uploaded",
    )
    scene.image_take = take
    scene.save()
    assert offers(client, call) == []


@pytest.mark.parametrize("item", ["", "no id", str(uuid.UUID(int=7))])
def test_not_offered_for_what_is_no_scene(client, manager, scene, item):
    client.force_login(manager)
    call = unclear(scene)
    ProviderCall.objects.filter(pk=call.pk).update(item=item)
    client.post(
        reverse("admin:providers_call_resolve", args=[call.pk]),
        {"decision": "write_off", "reason": "looked"},
    )
    assert offers(client, call) == []
