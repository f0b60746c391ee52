"""`python -m tests.services`: servers for the time of a command."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from . import SERVICES


def main(arguments: Sequence[str]) -> int:
    border = arguments.index("--") if "--" in arguments else len(arguments)
    names, command = arguments[:border], arguments[border + 1 :]
    unknown = sorted(set(names) - set(SERVICES))
    if not names or unknown:
        wrong = f"unknown: {', '.join(unknown)}. " if unknown else ""
        sys.stderr.write(
            f"{wrong}usage: python -m tests.services {{{','.join(SERVICES)}}}... [-- command...]\n"
        )
        return 2
    with ExitStack() as stack:
        env: dict[str, str] = {}
        for name in names:
            env |= stack.enter_context(SERVICES[name]()).env
        if not command:
            sys.stdout.writelines(f"export {name}={value}\n" for name, value in env.items())
            sys.stdout.flush()
            return _wait_for_end()
        return _run(command, env)


def _wait_for_end() -> int:
    wanted = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    signal.sigwait(wanted)
    return 0


def _run(command: Sequence[str], env: dict[str, str]) -> int:
    """The command's exit code. Signals are the command's business; the servers outlive it."""
    process = subprocess.Popen(command, env=os.environ | env)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return 128 - code if code < 0 else code


sys.exit(main(sys.argv[1:]))
