"""What a limited process does, in the fork of `fork_server_program`.

It sets its own resource limits before it imports any code of ours that parses files.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

import msgspec

LONGEST_DETAIL = 2000
GRACE_SECONDS = 5


def bound(asked: dict[str, Any]) -> None:
    seconds, memory = max(1, round(asked["seconds"])), int(asked["memory"])
    # The soft limit sends SIGXCPU; the hard limit kills the process a second later in any case.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(asked["file"]), int(asked["file"])))
    # If the parent is killed, the alarm ends this process.
    signal.alarm(seconds + GRACE_SECONDS)
    # If the machine runs out of memory, the kernel kills this process first.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1000")
    with suppress(OSError):
        os.nice(5)


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the result, or the error with its localized message if it has one."""
    try:
        module, _colon, name = asked["function"].partition(":")
        return {"result": getattr(import_module(module), name)(*asked["args"])}
    except MemoryError:
        return {"code": "too_much_memory"}
    except Exception as error:  # noqa: BLE001  every decoder error is reported, never a traceback on a page
        return error_as_dict(error)


def error_as_dict(error: Exception) -> dict[str, Any]:
    detail = f"{type(error).__name__}: {getattr(error, 'detail', '') or error.args}"[
        :LONGEST_DETAIL
    ]
    sentence = getattr(error, "sentence", None)
    if sentence is None:
        return {"code": "failed", "detail": detail}
    code = str(getattr(error, "code", "failed"))
    return {
        "code": code,
        "template": sentence.template,
        "values": sentence.values,
        "detail": detail,
    }


def main() -> None:
    """Reads what is asked from standard input, writes the answer to standard output and ends."""
    # The result goes to the original standard output; print() goes to standard error instead.
    out: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read())
    bound(asked)
    answered = answer(asked)
    try:
        message = msgspec.msgpack.encode(answered)
    except MemoryError:
        message = msgspec.msgpack.encode({"code": "too_much_memory"})
    except Exception as error:  # noqa: BLE001  a result that cannot be encoded
        message = msgspec.msgpack.encode(error_as_dict(error))
    if "result" in answered and len(message) > asked["output"]:
        message = msgspec.msgpack.encode({"code": "too_much_output"})
    out.write(message)
    out.flush()
    # Skip interpreter shutdown: nothing needs cleanup, and no exit handlers of a decoder run.
    os._exit(0)
