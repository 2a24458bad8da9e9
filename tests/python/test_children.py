# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run together: prefixes, ends, exit codes. The programs are real ones."""

import io
import sys
import time
from pathlib import Path

import pytest
from gnuradio.sentinel.apps.children import Children, Program
from gnuradio.sentinel.core.errors import InputError

FOREVER = "import time\nwhile True: time.sleep(1)"
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n" + FOREVER
POLITE = """
import signal, sys
def end(*_):
    print("asked", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()
"""


def program(name, text, results=False):
    return Program(name, (sys.executable, "-c", text), results)


def never():
    return False


class Screen:
    """Standard output and error as text that only grows, so that it can be read while threads write."""

    def __init__(self):
        self.out, self.err = io.StringIO(), io.StringIO()

    def children(self, grace_s):
        """Programs whose lines come here."""
        return Children(grace_s, self.out, self.err)

    def wait_for(self, *texts):
        """Return the standard output once all of `texts` have been printed."""
        deadline = time.monotonic() + 20
        while not all(text in self.out.getvalue() + self.err.getvalue() for text in texts):
            assert time.monotonic() < deadline, (self.out.getvalue(), self.err.getvalue())
        return self.out.getvalue()


@pytest.fixture
def screen():
    return Screen()


def test_lines_have_their_program_in_front(screen):
    children = screen.children(5)
    children.start(program("det", "import sys\nprint('found Δ')\nprint('odd', file=sys.stderr)"))
    children.wait(never)
    assert children.end() == 0
    assert (screen.out.getvalue(), screen.err.getvalue()) == ("[det] found Δ\n", "[det] odd\n")


def test_results_keep_standard_output_for_themselves(screen):
    children = screen.children(5)
    children.start(program("det", "print('{}', flush=True)\n" + FOREVER, results=True))
    children.start(program("rx", "print('hello')"))
    children.wait(never)
    screen.wait_for("{}\n", "[rx] hello\n")
    assert children.end() == 0


def test_all_end_in_the_order_of_the_stream(screen):
    children = screen.children(10)
    for name in ("det", "dec", "rx"):
        children.start(program(name, POLITE))
    screen.wait_for(*[f"[{name}] ready\n" for name in ("det", "dec", "rx")])
    assert children.end() == 0
    asked = screen.out.getvalue().splitlines()[3:]
    assert asked == ["[rx] asked", "[dec] asked", "[det] asked"]


def test_one_that_dies_takes_the_others_and_gives_the_exit_code(screen):
    children = screen.children(10)
    children.start(program("det", POLITE))
    screen.wait_for("[det] ready")
    children.start(program("dec", "import sys\nsys.exit(7)"))
    children.wait(never)
    assert children.end() == 7
    assert "[det] asked" in screen.out.getvalue()


def test_one_that_was_killed_by_a_signal_has_the_exit_code_of_a_shell():
    children = Children(10)
    children.start(program("det", "import os\nos.kill(os.getpid(), 11)"))
    children.wait(never)
    assert children.end() == 128 + 11


def test_one_that_does_not_end_is_killed(screen):
    children = screen.children(0.3)
    children.start(program("det", POLITE))
    child = children.start(program("dec", DEAF))
    screen.wait_for("[dec] deaf", "[det] ready")
    began = time.monotonic()
    assert children.end() == 0
    assert child.code == 128 + 9
    assert 0.3 <= time.monotonic() - began < 10


def test_what_a_program_has_started_ends_with_it(screen):
    # As a receiver that is a script: it ends by itself and leaves its own program behind.
    inner = f"import os\nprint('inner', os.getpid(), flush=True)\n{DEAF}"
    outer = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {inner!r}])"
    children = screen.children(5)
    children.start(program("det", FOREVER))
    children.start(program("rx", outer))
    out = screen.wait_for("[rx] deaf")
    children.wait(never)
    assert children.end() == 0
    number = int(out.split("inner ")[1].split()[0])
    deadline = time.monotonic() + 20
    # Gone, or dead and not yet collected by the system.
    while Path(f"/proc/{number}/stat").exists() and _state(number) not in "ZX":
        assert time.monotonic() < deadline


def _state(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def test_waiting_ends_when_asked():
    children = Children(5)
    children.start(program("det", FOREVER))
    began = time.monotonic()
    children.wait(lambda: time.monotonic() > began + 0.2)
    # It has no handler of its own for the signal that ends it, which is no failure.
    assert children.end() == 0


def test_a_program_that_is_not_there():
    with pytest.raises(InputError, match=r"\[rx\] no-such-receiver: No such file or directory; install it"):
        Children(5).start(Program("rx", ("no-such-receiver",)))
