"""A sample of a local voice, spoken in a process of its own.

The models take up to 540 MB, which a process that answers pages must not keep.
"""

from core.limited_process import MB, run_limited
from providers.backends.local.wav import wav

SECONDS = 40.0
MEMORY = 4096 * MB  # of address space, of which the models fill a small part
MOST_BYTES = 5 * MB


def sample(text: str, voice: str, language: str) -> bytes:
    """Return the text spoken by the voice, as a WAV file. Raises LimitedError or BusyError."""
    spoken: bytes = run_limited(
        f"{__name__}:spoken",
        [text, voice, language],
        seconds=SECONDS,
        memory_bytes=MEMORY,
        max_output_bytes=MOST_BYTES,
    )
    return spoken


def spoken(text: str, voice: str, language: str) -> bytes:
    """What `sample` runs. Raises VoiceError."""
    from .speaking import speak  # noqa: PLC0415  loads libraries that `sample` must not load

    found = speak(text, language=language, voice=voice)
    return wav(found.samples, found.rate)
