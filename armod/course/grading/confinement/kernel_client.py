"""A client of one student's kernel: it sends cells and gets the shell's replies, nothing else.

Outputs are not even received, so a flood of them costs nothing here. Every message from the kernel may be hostile: it is
measured before it is parsed, and what can't be read counts as no reply.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import zmq

from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.sandbox import CHANNELS, launch

GLANCE = 0.05  # seconds
SEND_MILLISECONDS = 2000
MAX_PARTS = 1_000_000  # of a message: each costs some hundred bytes once it is parsed
OVERLOADED = 0.2  # the share of a time without a core from which on the machine is to blame for its end
MOST = 9.0  # times as long is waited beside, for what a machine keeps a kernel from


class Late(Exception):
    """No reply in time; the kernel obeyed the interrupt and lives on."""


class Dead(Exception):
    """The kernel is gone; the message says of what it died."""


class Kernel:
    """A kernel that has just started.

    A time in which it had no core, because others had them all, counts for nothing, within limits. Where that was not
    enough, ``overloaded`` says that a time-out may be the machine's fault.

    Args:
        limits: What it may use.
        confinement: Where it runs, "sandbox" or a place of `armod.course.grading.confinement.elsewhere`.

    Raises:
        JailError: If it does not start.
    """

    overloaded = False
    waited = 0.0  # seconds without a core, while a reply was waited for

    def __init__(self, limits: Limits, confinement: str = "sandbox") -> None:
        self._limits = limits
        self._jail, self._session = launch(limits, confinement)
        self._context = zmq.Context(io_threads=1)
        self._context.setsockopt(zmq.MAXMSGSIZE, limits.message)
        self._context.setsockopt(zmq.RCVHWM, 2)
        self._context.setsockopt(zmq.RECONNECT_IVL, -1)  # a socket made anew is not the kernel's
        self._context.setsockopt(zmq.LINGER, 0)
        # a socket whose other side is gone would take nothing, and wait for ever
        self._context.setsockopt(zmq.SNDTIMEO, SEND_MILLISECONDS)
        try:
            self._shell, self._control = (self._connected(channel) for channel in ("shell", "control"))
        except BaseException:
            self.end()
            raise

    def execute(self, code: str, seconds: float, expression: str = "") -> dict[str, Any]:
        """Run a cell and wait for the kernel's reply.

        Args:
            code: The code of the cell.
            seconds: How long the reply is waited for; then the cell is interrupted.
            expression: One that the kernel works out after the cell; its value is in ``user_expressions["reply"]``.

        Returns:
            The content of the reply.

        Raises:
            Late: If there is none in time.
            Dead: If there will be none.
        """
        content = {
            "code": code,
            "silent": not code,
            "store_history": False,
            "user_expressions": {"reply": expression} if expression else {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        session = self._session
        request = session.msg("execute_request", content)
        self._send(self._shell, request)
        reply = self._reply_to(request["header"]["msg_id"], seconds)
        if reply is None:
            self._send(self._control, session.msg("interrupt_request", {}))
            reply = self._reply_to(request["header"]["msg_id"], self._limits.grace_seconds)
            if reply is not None:
                raise Late
            self.end()
            raise Dead(f"it ran longer than {seconds:.0f} s and would not be interrupted")
        if any(part.get("source") == "ask_exit" for part in _dicts(reply.get("payload"))):
            self.end()
            raise Dead("it told the kernel to exit")
        return reply

    def end(self) -> None:
        """Kill it, with all that it started."""
        self._jail.kill()
        self._context.destroy(linger=0)

    def _connected(self, channel: str) -> zmq.Socket[bytes]:
        made = self._context.socket(zmq.DEALER)
        made.connect(f"ipc://{self._jail.sockets}-{CHANNELS[channel]}")
        return made

    def _send(self, channel: zmq.Socket[bytes], message: dict[str, Any]) -> None:
        try:
            self._session.send(channel, message)
        except zmq.ZMQError:
            self.end()
            raise Dead("it sent too much at once, or closed the kernel's ears") from None

    def _reply_to(self, identity: str, seconds: float) -> dict[str, Any] | None:
        begun, before = time.monotonic(), self._jail.waited()

        def without_core() -> float:
            return max(0.0, self._jail.waited() - before)

        reply = self._reply_before(identity, lambda: begun + seconds + min(without_core(), MOST * seconds))
        waited = without_core()
        self.waited += waited
        if reply is None:
            self.overloaded |= waited > OVERLOADED * (time.monotonic() - begun)
        return reply

    def _reply_before(self, identity: str, deadline: Callable[[], float]) -> dict[str, Any] | None:
        """The reply, if it comes in time; the deadline may move."""
        until = deadline()
        while (left := until - time.monotonic()) > 0 or (
            left := (until := deadline()) - time.monotonic()
        ) > 0:
            if self._shell.poll(int(1000 * min(left, GLANCE)) + 1):
                content = self._read(identity)
                if content is not None:
                    return content
            elif not self._jail.is_alive:
                self.end()
                raise Dead(_LAST_WORDS[self._jail.ended_by].format(self._limits))
        return None

    def _read(self, identity: str) -> dict[str, Any] | None:
        """The content of the next message: None if it is no reply to ours, empty if it can't be read."""
        frames = self._shell.recv_multipart()
        if sum(map(len, frames)) > self._limits.message or sum(map(parts, frames)) > MAX_PARTS:
            return {}
        try:
            _, signed = self._session.feed_identities(frames)
            message = self._session.deserialize(signed)
            if message["msg_type"] != "execute_reply" or message["parent_header"]["msg_id"] != identity:
                return None
            return dict(message["content"])
        except Exception:  # whatever a hostile text can raise in the readers of jupyter_client
            return {}


_LAST_WORDS = {
    "": "it ended the kernel",
    "memory": "it used more memory than {0.memory:,} bytes",
    "messages": "it flooded the examiner with messages",
}


def parts(text: bytes) -> int:
    """An upper bound for the number of values in a JSON text; each takes memory once it is parsed."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
