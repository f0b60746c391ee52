"""A marked key goes to its owner and nowhere else: no log, no row, no dump, no sentence, no
traceback.
"""

import io
import traceback
from typing import Any

import pytest
from django.core.management import call_command

from providers.client import KEY_HEADERS
from providers.errors import ProviderError
from providers.models import AIProviderConfig
from providers.registry import adapter_for
from providers.requests import ImageRequest, Request, SpeechRequest
from providers.services import configs
from tests.fakes.elevenlabs import ElevenLabs
from tests.fakes.llm import Llm
from tests.fakes.openai_speech import OpenAISpeech
from tests.fakes.replicate import Replicate
from tests.fakes.runway import Runway
from tests.fakes.stability import Stability
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, PLAN, Real, configure

FAKES: dict[str, Any] = {
    "runway_ml": Runway,
    "stability_ai": Stability,
    "replicate": Replicate,
    "llm": Llm,
    "elevenlabs": ElevenLabs,
    "openai_speech": OpenAISpeech,
}
TROUBLE = [
    "fine",
    "http_401",
    "http_400",
    "http_500",
    "html",
    "drop",
    "half",
    "garbage",
    "redirect",
    "echo",
]


@pytest.mark.slow
@pytest.mark.parametrize("provider", sorted(FAKES))
def test_marked_key_stays_where_it_belongs(
    provider: str,
    db: None,
    settings: Any,
    clock: Clock,
    everything_is_logged: pytest.LogCaptureFixture,
    admin_user: Any,
) -> None:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {}
    with FAKES[provider]() as fake:
        marked = fake.key
        configure(provider, fake)
        configs.set_key(
            AIProviderConfig.objects.get(provider=provider), actor=admin_user, key=marked
        )
        real, texts = Real(provider, fake, clock), []
        for scenario in TROUBLE:
            fake.calm()
            fake.expect(scenario, times=1)
            AIProviderConfig.objects.update(is_paused=False, not_before=None)
            request: Request = ImageRequest(
                prompt="x", prompt_en=f"a lighthouse {scenario}", model=IMAGE.model
            )
            if provider == "llm":
                request = PLAN
            elif provider in {"elevenlabs", "openai_speech"}:
                voice = "anna0001" if provider == "elevenlabs" else ""
                request = SpeechRequest(text=f"a lighthouse {scenario}", language="en", voice=voice)
            try:
                real.go(request, key=scenario)
            except (ProviderError, RuntimeError) as error:
                texts += [str(error), repr(error), "".join(traceback.format_exception(error))]
            real.finish(request, key=scenario)
        texts.append(str(adapter_for(real.config).check()))
        assert any(
            asked.headers.get(name, "").endswith(marked)
            for asked in fake.asked
            for name in KEY_HEADERS
        )
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    everywhere = "\n".join(
        [
            *texts,
            dump.getvalue(),
            everything_is_logged.text,
            repr(adapter_for(real.config)),
            repr(real.config.__dict__),
        ]
    )
    assert marked not in everywhere
    assert marked[:16] not in everywhere
