"""Settings of Supertone."""

import re
from dataclasses import dataclass

from providers.settings_schema import Common, Number, OneOf, Text, setting

VOICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
STYLE = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 180.0)  # seconds; the response is the sound
    default_voice: str = setting(Text(64, VOICE_ID, like="5Hc3pQ1v"), "")
    style: str = setting(Text(40, STYLE, like="neutral"), "")  # of the voice; empty: its own
    output_format: str = setting(OneOf(("wav", "mp3")), "wav")
