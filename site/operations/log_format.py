"""Log formats: text or JSON, with request and job ids and without secrets."""

import json
import logging
import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from core.log_context import job_id, request_id

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8  # shorter values would redact ordinary words
# The value after one of these names is secret, in headers, JSON, query strings and dict reprs.
NAMES = "|".join(
    (
        *(
            "(?:proxy-)?authorization",
            "(?:set-)?cookie",
            "sessionid",
            "csrftoken",
            "password",
            "passwd",
            "dsn",
        ),
        *(
            "(?:x-(?:amz|goog)-)?signature",
            "sig",
            "hmac",
            "policy",
            "key-pair-id",
            "x-goog-credential",
            "x-amz-security-token",
        ),
        *(
            "(?:x-)?api[_-]?key",
            "secret(?:[_-]?key)?",
            "access[_-]?key",
            "(?:(?:access|refresh|csrf|session)[_-]?)?token",
            "x-amz-(?:signature|credential)",
        ),
    )
)
# First segment of paths whose second segment is a key: review links of guests, signed files, signed
# subtitles, invitations. Of a link to set a password it is the third.
LINKS = "review|media|subtitles|invited|new-password(?:/|%2f)[0-9a-z]+"
# A message may repeat foreign text: it cannot start a line of its own or control a terminal.
ESCAPED = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}
PATTERNS = (
    (
        re.compile(
            rf"""(?i)(["']?\b(?:{NAMES})["']?\s*[:=]\s*)"""
            r"""(?:(["'])(?:\\.|(?!\2).)*\2|(?:(?:bearer|basic|token|key)\s+)?[^\s,;&"'}\])]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), HIDDEN),
    (re.compile(r"(?i)\b(?:sk|rk|key|r8|hf|vps)[-_][A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+@"), rf"\1{HIDDEN}@"),
    # Our own addresses that grant access. Short segments are folders of files, not keys.
    (re.compile(rf"(?i)((?:/|%2f)(?:{LINKS})(?:/|%2f))[^\s/?#%&\"'<>]{{12,}}"), rf"\1{HIDDEN}"),
    # Foreign addresses: stores and providers sign their links in the query, each with its own
    # names.
    (re.compile(r"(?i)\b(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]+"), rf"\1?{HIDDEN}"),
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Returns the text without keys, passwords, tokens and the given secrets."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


class Trace(logging.Filter):
    """Adds the request id and the job id to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.job_id = job_id.get()
        return True


class _Redacting(logging.Formatter):
    """Base of the formatters. `secrets` are this installation's own and are always redacted."""

    def __init__(self, secrets: Iterable[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.secrets = sorted(
            {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True
        )


class Plain(_Redacting):
    """Plain text: time, level, logger, request and job if there is one, message."""

    def format(self, record: logging.LogRecord) -> str:
        names = {"request": getattr(record, "request_id", ""), "job": getattr(record, "job_id", "")}
        marks = "".join(f" {name}={value}" for name, value in names.items() if value)
        text = (
            f"{self.formatTime(record)} {record.levelname} {record.name}{marks} "
            f"{record.getMessage().translate(ESCAPED)}"
        )
        if record.exc_info:
            # Indented, so that the text of an error cannot look like a line of the log either.
            shown = "".join(traceback.format_exception(*record.exc_info)).rstrip().split("\n")
            text += "".join(f"\n  {line.translate(ESCAPED)}" for line in shown)
        return redacted(text, self.secrets)


class Json(_Redacting):
    """One JSON object per line: at, level, logger, message, request_id, job_id, error."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
            "job_id": getattr(record, "job_id", ""),
            "process": record.process,
        }
        if record.exc_info:
            entry["error"] = "".join(traceback.format_exception(*record.exc_info))
        # Redact each value separately: a rule for text must not remove the quotes of the JSON.
        clean = {
            key: redacted(value, self.secrets) if isinstance(value, str) else value
            for key, value in entry.items()
            if value != ""
        }
        return json.dumps(clean, ensure_ascii=False)
