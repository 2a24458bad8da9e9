# SPDX-License-Identifier: GPL-3.0-or-later
"""What every Python block of the project derives from, beside its GNU Radio base.

An exception that leaves `work` or a message handler of a Python block hangs or aborts GNU Radio.
And a block that gets messages from several others stops as soon as the first of them has ended: what
the others send from then on stays in its queue. `SafeBlock` takes care of both::

    class peak_finder(SafeBlock, gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "peak_finder", [np.float32], None)
            self.register_handler("settings", self.handle_settings)

        @guarded
        def work(self, input_items, output_items): ...

        @guarded
        def handle_settings(self, message): ...

    top_block.run()
    if top_block.finder.failure is not None: ...

How nothing is lost at the end: each block, as the scheduler stops it, handles what is left in its queue,
and then in the queues of all blocks that were stopped before. Whichever ends last thus hands on whatever
was sent to it and through it, in the order of the flowgraph or not. Only messages that a block without
this base sends to a stopped one are left over; they are handled when the interpreter exits, or by
`drain_all`.
"""

from __future__ import annotations

import atexit
import functools
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pmt
from gnuradio import gr

from .._sentinel import drain_messages

# Blocks that the scheduler has stopped. The lock keeps their messages in order, whoever handles them.
_stopped: weakref.WeakSet[SafeBlock] = weakref.WeakSet()
_lock = threading.RLock()

#: What `work` returns to end the block, and with it the flowgraph.
WORK_DONE = -1


def guarded(method: Callable) -> Callable:
    """Make a method of a `SafeBlock` store its exception and return WORK_DONE, then and ever after.

    For `work`, `general_work` and message handlers, whose return value GNU Radio ignores.
    """

    @functools.wraps(method)
    def call(self: SafeBlock, *args: Any) -> Any:
        if self.failure is not None:
            return WORK_DONE
        try:
            return method(self, *args)
        except BaseException as error:  # nothing at all may pass into the scheduler's C++ threads
            self.fail(error)
            return WORK_DONE

    return call


class SafeBlock:
    """Mixin for Python blocks; stands before the GNU Radio base class.

    Attributes
    ----------
    failure : BaseException or None
        The first exception of a guarded method. The block does nothing any more once it is set.
    on_failure : callable or None
        Called once, with the exception, in the block's thread: a runner ends the source there. Without
        it the failure goes to GNU Radio's log, but for BrokenPipeError: a closed pipe ends quietly.
    """

    failure: BaseException | None = None
    on_failure: Callable[[BaseException], None] | None = None

    def fail(self, error: BaseException) -> None:
        """Store the first failure and tell of it."""
        if self.failure is not None:
            return
        self.failure = error
        if self.on_failure is not None:
            self.on_failure(error)
        elif not isinstance(error, BrokenPipeError):
            gr.logger(type(self).__name__).error(str(error) or type(error).__name__)

    def register_handler(self, port: str, handler: Callable[[Any], Any]) -> None:
        """Register a message input port with its handler, a guarded method of this block.

        Raises
        ------
        ValueError
            If the handler is not guarded.
        """
        if not hasattr(handler, "__wrapped__"):
            raise ValueError(f"handler of port {port!r} must be decorated with @guarded")
        self._handlers = {**getattr(self, "_handlers", {}), port: handler}
        self.message_port_register_in(pmt.intern(port))
        self.set_msg_handler(pmt.intern(port), handler)

    def drain(self) -> int:
        """Handle the messages that were left in the queues when the flowgraph ended; return their number.

        For a block whose thread has ended, after `top_block.wait()`.
        """
        handled = 0
        with _lock:
            for port, handler in getattr(self, "_handlers", {}).items():
                for message in drain_messages(self.to_basic_block(), port):
                    handler(message)
                    handled += 1
        return handled

    def start(self) -> bool:
        """Called by the scheduler as the block's thread begins."""
        with _lock:
            _stopped.discard(self)
        return True

    def stop(self) -> bool:
        """Called by the scheduler as the block's thread ends; see `finish`."""
        with _lock:
            _stopped.add(self)
            for block in {self, *_drain_stopped()}:
                block.finish()
        return True

    def finish(self) -> None:
        """Make outputs complete: the flowgraph has stopped. Called again if late messages arrived."""

    def consume_items(self, nitems: int) -> None:
        """Keep the gateway from consuming WORK_DONE times the decimation."""
        if nitems > 0:
            super().consume_items(nitems)


def _drain_stopped() -> set[SafeBlock]:
    """Handle the messages in the queues of all stopped blocks; return the blocks that had some."""
    late: set[SafeBlock] = set()
    while had := {block for block in list(_stopped) if block.drain()}:
        late |= had
    return late


@atexit.register
def _finish_stopped() -> None:
    with _lock:
        for block in _drain_stopped():
            block.finish()


def drain_all(*blocks: SafeBlock) -> int:
    """Drain blocks that send to each other until no message is left; return how many there were."""
    total = 0
    while handled := sum(block.drain() for block in blocks):
        total += handled
    return total
