"""The other side of `limited`: run as a program. It bounds itself before it imports anything that reads a file."""

import os
import resource
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

LONGEST_DETAIL = 2000
GRACE_SECONDS = 5


def bound(asked: dict[str, Any]) -> None:
    seconds, memory = max(1, round(asked["seconds"])), int(asked["memory"])
    # The soft limit ends the process with SIGXCPU, the hard one, a second later, whatever it does about that.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(asked["file"]), int(asked["file"])))
    # If the parent is killed nobody waits any more: the alarm ends this process then.
    signal.alarm(seconds + GRACE_SECONDS)
    # Where the machine itself runs out of memory, this process goes first and not the studio.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1000")
    with suppress(OSError):
        os.nice(5)


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The result, or the error with its sentence if it has one."""
    try:
        module, _colon, name = asked["function"].partition(":")
        return {"result": getattr(import_module(module), name)(*asked["args"])}
    except MemoryError:
        return {"code": "too_much_memory"}
    except Exception as error:  # noqa: BLE001  whatever a decoder raises is told, never a traceback on a page
        return told(error)


def told(error: Exception) -> dict[str, Any]:
    detail = f"{type(error).__name__}: {getattr(error, 'detail', '') or error.args}"[:LONGEST_DETAIL]
    sentence = getattr(error, "sentence", None)
    if sentence is None:
        return {"code": "failed", "detail": detail}
    code = str(getattr(error, "code", "failed"))
    return {"code": code, "template": sentence.template, "values": sentence.values, "detail": detail}


def main() -> None:
    # The limit on files would cut a written .pyc short, and every later import would fail on it. `-B` alone does not hold
    # where a .pth file of the environment says otherwise.
    sys.dont_write_bytecode = True
    # The answer goes out where standard output was; whoever prints does not disturb it.
    out: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Only here: the path to the other packages is known from now on, and this one is small.
    import msgspec  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    # Messages are only marked here, by gettext_noop; even that asks whether there are translations.
    settings.configure(USE_I18N=False)
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read())
    sys.path[:0] = asked["roots"]
    bound(asked)
    said = answer(asked)
    try:
        message = msgspec.msgpack.encode(said)
    except MemoryError:
        message = msgspec.msgpack.encode({"code": "too_much_memory"})
    except Exception as error:  # noqa: BLE001  a result that cannot be carried over
        message = msgspec.msgpack.encode(told(error))
    if "result" in said and len(message) > asked["output"]:
        message = msgspec.msgpack.encode({"code": "too_much_output"})
    out.write(message)
    out.flush()
    # Without the interpreter's own end: nothing is to be tidied, and what a decoder left behind does not run.
    os._exit(0)


if __name__ == "__main__":
    main()
