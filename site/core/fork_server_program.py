"""The program of `fork_server`: imports the large libraries once, then forks for each request.

    python -I -B fork_server_program.py CONTROL ROOT... -- MODULE...

CONTROL is the number of an open socket. A request is one message with four descriptors: standard
input, output and error of the new process, and a socket that stands for its life. The exit code is
written to that socket. When the other end is closed, the whole process group is killed. When
CONTROL is closed, everything ends.
"""

import gc
import os
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

EXIT_CODE = struct.Struct("!i")


class Children:
    """The running processes, each with the socket of whoever asked for it."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.lives: dict[int, socket.socket] = {}
        self.ended: set[int] = set()

    def add(self, pid: int, life: socket.socket) -> None:
        self.lives[pid] = life
        self.selector.register(life, selectors.EVENT_READ, pid)

    def report_ended(self) -> None:
        """Writes the exit code of each process that has ended. It is not reaped before the other
        side is done: until then nothing else can get its process id.
        """
        for pid, life in self.lives.items():
            if pid in self.ended:
                continue
            found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                continue
            self.ended.add(pid)
            code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            with suppress(OSError):
                life.send(EXIT_CODE.pack(code))

    def end(self, pid: int) -> None:
        """Kills what is left of the process group, reaps the process and says so by closing."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.ended.discard(pid)
        life = self.lives.pop(pid)
        self.selector.unregister(life)
        life.close()


def serve(control: socket.socket) -> None:
    """Forks for each request until `control` is closed."""
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        children = Children(selector)
        while True:
            for key, _events in selector.select():
                if key.fileobj is woken:
                    with suppress(BlockingIOError):
                        woken.recv(4096)
                elif key.fileobj is control:
                    message, descriptors, _flags, _address = socket.recv_fds(control, 1, 4)
                    if not message:
                        for pid in list(children.lives):
                            children.end(pid)
                        return
                    start(descriptors, children)
                else:
                    children.end(key.data)
            children.report_ended()


def start(descriptors: Sequence[int], children: Children) -> None:
    """Forks. The new process gets the first three descriptors and never returns."""
    pid = os.fork()
    if pid == 0:
        try:
            become(descriptors)
        finally:
            os._exit(1)
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)  # the child does the same: whoever is first
    for descriptor in descriptors[:3]:
        os.close(descriptor)
    children.add(pid, socket.socket(fileno=descriptors[3]))


def become(descriptors: Sequence[int]) -> None:
    """Turns the forked process into the limited process."""
    from core.limited_process_entry import main  # noqa: PLC0415  `prepare` has imported it

    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, target)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    main()


def prepare(modules: Sequence[str]) -> None:
    """Imports what most files need. Messages are only marked for translation in these processes,
    but even that reads a setting of Django.
    """
    from django.conf import settings  # noqa: PLC0415  the client imports this file for EXIT_CODE

    settings.configure(USE_I18N=False)
    for module in ("core.limited_process_entry", *modules):
        import_module(module)
    # The objects of the libraries stay shared between the processes.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    divider = sys.argv.index("--")
    sys.path[:0] = sys.argv[2:divider]
    prepare(sys.argv[divider + 1 :])
    serve(socket.socket(fileno=int(sys.argv[1])))
