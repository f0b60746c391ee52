"""Settings of ElevenLabs."""

import re
from dataclasses import dataclass

from providers.settings_schema import Common, Number, OneOf, Text, setting

VOICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
FORMATS = (
    "mp3_44100_128",
    "mp3_44100_192",
    "pcm_44100",
    "pcm_48000",
    "opus_48000_128",
    "opus_48000_192",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    """`usd_per_credit` is the price of one credit ("character") in the account's plan."""

    send_timeout: float = setting(Number(1, 1800), 240.0)  # seconds; the response is the sound
    usd_per_credit: float = setting(Number(0.000001, 1), 0.0001)
    default_voice: str = setting(Text(64, VOICE_ID, like="21m00Tcm4TlvDq8ikWAM"), "")
    output_format: str = setting(OneOf(FORMATS), "mp3_44100_128")
