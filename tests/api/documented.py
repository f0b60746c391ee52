"""Every answer that a test gets is one that the document has: its status and its headers."""

import json
import re
from functools import cache
from typing import Any

from django.test import Client

ROOT = "/api/ai-video"
# Of every answer of the studio, whatever it is.
COMMON = frozenset(
    {
        *("allow", "cache-control", "content-language", "content-length", "content-type", "vary"),
        *("content-disposition", "cross-origin-opener-policy", "permissions-policy"),
        *("content-security-policy", "referrer-policy", "x-content-type-options"),
        *("set-cookie", "strict-transport-security", "x-frame-options"),
    }
)


@cache
def operations() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The paths and their operations, those with the fewest parameters first."""
    paths = json.loads(Client().get(f"{ROOT}/openapi.json").content)["paths"]
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", f"{ROOT}{path}")), methods)
        for path, methods in sorted(paths.items(), key=lambda pair: pair[0].count("{"))
    ]


def require_documented(method: str, path: str, response: Any) -> None:
    operation = next(
        (methods.get(method.lower()) for known, methods in operations() if known.fullmatch(path)),
        None,
    )
    if operation is None:  # an unknown address or method
        return
    answer = operation["responses"].get(str(response.status_code))
    name = f"{operation['operationId']} {response.status_code}"
    assert answer is not None, f"{name} is not in the document"
    undocumented = {header.lower() for header in response.headers} - COMMON
    undocumented -= {header.lower() for header in answer.get("headers", {})}
    assert undocumented == set(), f"headers of {name} that are not in the document"
