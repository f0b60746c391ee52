"""`python -m tests.fakes runway`: serve one fake until Ctrl+C."""

import signal
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "site"))

from .comfyui import ComfyUI
from .elevenlabs import ElevenLabs
from .fal import Fal
from .llm import Llm
from .openai_images import OpenAIImages
from .openai_speech import OpenAISpeech
from .replicate import Replicate
from .runway import Runway
from .server import Fake
from .stability import Stability
from .supertone import Supertone
from .typecast import Typecast

FAKES: dict[str, type[Fake]] = {
    "comfyui": ComfyUI,
    "runway": Runway,
    "replicate": Replicate,
    "fal": Fal,
    "stability": Stability,
    "llm": Llm,
    "elevenlabs": ElevenLabs,
    "openai_images": OpenAIImages,
    "openai_speech": OpenAISpeech,
    "supertone": Supertone,
    "typecast": Typecast,
}


def main(name: str) -> None:
    with FAKES[name]() as fake:
        print(f"{name}: {fake.url}  key: {fake.key}", flush=True)  # noqa: T201  this is a command
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1])
