"""The voices of the local provider: speech without a key and without a network."""

from .speaking import ENGLISH, KOREAN, VOICES, Mark, Spoken, Voice, VoiceError, speak

__all__ = [
    "ENGLISH",
    "KOREAN",
    "VOICES",
    "Mark",
    "Spoken",
    "Voice",
    "VoiceError",
    "speak",
]
