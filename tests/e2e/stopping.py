"""How tests stop a process in the middle (SIGSTOP). By itself, since tests/races uses it too."""

import contextlib
import os
import signal
import sqlite3


def stop(process, database):
    """Not in a write: on SQLite it would keep everybody else from theirs. It goes on with SIGCONT."""
    with contextlib.ExitStack() as stack:
        if database.startswith("sqlite:"):
            own = stack.enter_context(contextlib.closing(sqlite3.connect(database[len("sqlite:"):], 60, isolation_level=None)))
            own.execute("BEGIN IMMEDIATE")
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)  # it has stopped
