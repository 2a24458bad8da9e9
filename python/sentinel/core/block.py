# SPDX-License-Identifier: GPL-3.0-or-later
"""What every Python block of the project derives from, beside its GNU Radio base.

An exception that leaves `work` or a message handler of a Python block hangs or aborts GNU Radio.
And a block whose neighbours have ended may stop before its message queue is empty: the scheduler's
own "done" message overtakes all others. `SafeBlock` takes care of both::

    class peak_finder(SafeBlock, gr.sync_block):
        def __init__(self):
            gr.sync_block.__init__(self, "peak_finder", [np.float32], None)
            self.register_handler("settings", self.handle_settings)

        @guarded
        def work(self, input_items, output_items): ...

        @guarded
        def handle_settings(self, message): ...

    top_block.run()
    drain_all(top_block.finder)
    if top_block.finder.failure is not None: ...
"""

import functools
from collections.abc import Callable
from typing import Any

import pmt
from gnuradio import gr

from .._sentinel import drain_messages

#: What `work` returns to end the block, and with it the flowgraph.
WORK_DONE = -1


def guarded(method: Callable) -> Callable:
    """Make a method of a `SafeBlock` store its exception and return WORK_DONE, then and ever after.

    For `work`, `general_work` and message handlers, whose return value GNU Radio ignores.
    """

    @functools.wraps(method)
    def call(self: "SafeBlock", *args: Any) -> Any:
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

        For a block whose thread has ended: after `top_block.wait()`, or in `stop`.
        """
        handled = 0
        for port, handler in getattr(self, "_handlers", {}).items():
            for message in drain_messages(self.to_basic_block(), port):
                handler(message)
                handled += 1
        return handled

    def consume_items(self, nitems: int) -> None:
        """Keep the gateway from consuming WORK_DONE times the decimation."""
        if nitems > 0:
            super().consume_items(nitems)


def drain_all(*blocks: SafeBlock) -> int:
    """Drain blocks that send to each other until no message is left; return how many there were."""
    total = 0
    while handled := sum(block.drain() for block in blocks):
        total += handled
    return total
