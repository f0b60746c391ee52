"""Connections of the kinds that an installation begins without, before their fakes."""

import json
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from providers.backends.comfyui import workflow
from providers.models import AIProviderConfig, ProviderModel
from providers.services import configs, connections, workflows
from providers.services.workflows import Upload
from tests.fakes import bullmq, comfyui, supertone, typecast
from tests.fakes import fal as fal_fake
from tests.fakes.openai_images import OpenAIImages
from tests.providers.real import configure

SIZES = {"16:9": "1536x1024", "9:16": "1024x1536", "1:1": "1024x1024"}
WORKFLOWS = {"image": comfyui.PICTURE, "clip": comfyui.CLIP}


def connect_comfyui(
    fake: comfyui.ComfyUI, actor: User, provider: str = "gpu-1", *, priced: bool = False
) -> AIProviderConfig:
    """A server with a workflow for pictures and one for clips, free or at the fake's prices."""
    config = connections.add(
        AIProviderConfig(
            kind="comfyui",
            provider=provider,
            name=f"Studio {provider}",
            base_url=fake.url,
            is_active=True,
        ),
        actor=actor,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        settings={"poll_seconds": 0, "send_timeout": 30}
    )
    prices = {"image": comfyui.COST, "clip": comfyui.COST_PER_SECOND} if priced else {}
    for kind, graph in WORKFLOWS.items():
        content = json.dumps(graph).encode()
        mapping, output = workflow.suggested(workflow.read(content))
        upload = Upload(
            name=f"our {kind}",
            kind=kind,
            content=content,
            output=output,
            mapping=mapping,
            price=prices.get(kind, Decimal(0)),
            fps=16 if kind == "clip" else 0,
            frame_step=4 if kind == "clip" else 1,
        )
        workflows.add(config, upload, actor=actor)
    return AIProviderConfig.objects.get(pk=config.pk)


def connect_bullmq(fake: bullmq.BullMQ, actor: User, provider: str = "workers") -> AIProviderConfig:
    """A queue whose workers cost what the fake's do."""
    config = connections.add(
        AIProviderConfig(kind="bullmq", provider=provider, name="Our workers", base_url=fake.base),
        actor=actor,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True,
        cost_per_image=bullmq.COST,
        cost_per_second_video=bullmq.COST_PER_SECOND,
        settings={"poll_seconds": 0, "queue": fake.queue, "result_hosts": ["127.0.0.1"]},
    )
    return AIProviderConfig.objects.get(pk=config.pk)


def connect_openai_images(
    fake: OpenAIImages, actor: User, provider: str, **model: Any
) -> AIProviderConfig:
    config = connections.add(
        AIProviderConfig(
            kind="openai_images",
            provider=provider,
            name=f"Pictures {provider}",
            base_url=fake.base,
        ),
        actor=actor,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True, settings={"send_timeout": 30, "free": fake.own}
    )
    config.models.all().delete()
    values = {"name": "gpt-image-1", "price": Decimal("0.04"), "ratios": SIZES}
    values |= {"options": {"fields": {"quality": "medium"}}}
    ProviderModel.objects.create(
        provider=config, kind="image", unit="image", is_default=True, **(values | model)
    )
    if not fake.own:
        configs.set_key(AIProviderConfig.objects.get(pk=config.pk), actor=actor, key=fake.key)
    return AIProviderConfig.objects.get(pk=config.pk)


def connect_speech(fake: Any, actor: User, provider: str) -> AIProviderConfig:
    """A connection to Typecast or Supertone at the fake's prices."""
    config = connections.add(
        AIProviderConfig(kind=provider, provider=provider, name=provider, base_url=fake.url),
        actor=actor,
        key=fake.key,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True, settings={"send_timeout": 30}
    )
    prices = {"typecast": typecast.CHARACTERS, "supertone": supertone.MINUTE}
    config.models.update(price=prices[provider], is_active=True)
    config.models.filter(name__in=("ssfm-v30", "sona_speech_1")).update(is_default=True)
    return AIProviderConfig.objects.get(pk=config.pk)


def connect_fal(fake: fal_fake.Fal, actor: User, provider: str = "fal") -> AIProviderConfig:
    """All models of the catalogue, each at the fake's price."""
    config = connections.add(
        AIProviderConfig(kind="fal", provider=provider, name="fal", base_url=fake.url),
        actor=actor,
        key=fake.key,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True,
        settings={"poll_seconds": 0, "send_timeout": 30, "result_hosts": ["127.0.0.1"]},
    )
    for name, (_kind, price, _needed) in fal_fake.MODELS.items():
        config.models.filter(name=name).update(is_active=True, price=price)
    config.models.filter(name="fal-ai/flux/schnell").update(is_default=True)
    return AIProviderConfig.objects.get(pk=config.pk)


def connect(provider: str, fake: Any, actor: User) -> AIProviderConfig:
    """A connection named as its kind, at the fake's prices."""
    match provider:
        case "comfyui":
            return connect_comfyui(fake, actor, provider, priced=True)
        case "bullmq":
            return connect_bullmq(fake, actor, provider)
        case "fal":
            return connect_fal(fake, actor)
        case "openai_images":
            return connect_openai_images(fake, actor, provider)
        case "typecast" | "supertone":
            return connect_speech(fake, actor, provider)
    configure(provider, fake)
    return AIProviderConfig.objects.get(provider=provider)
