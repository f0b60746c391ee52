"""Settings of a queue for external workers."""

import re
from dataclasses import dataclass

from providers.settings_schema import Common, Number, Text, setting

NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Common):
    send_timeout: float = setting(Number(1, 1800), 10.0)  # seconds for an answer of Redis
    poll_seconds: float = setting(Number(0, 3600), 3.0)
    queue: str = setting(Text(60, NAME, like="ai_video"), "ai_video")
    prefix: str = setting(Text(60, NAME, like="bull"), "bull")
    redis_user: str = setting(Text(60, NAME, like="studio"), "")
    redis_db: int = setting(Number(0, 100, whole=True), 0)
    priority: int = setting(Number(1, 2_097_152, whole=True), 5)  # 1 is first
    attempts: int = setting(Number(1, 20, whole=True), 3)
    backoff_ms: int = setting(Number(0, 86_400_000, whole=True), 2000)
