"""The sealed frames of one stream, as executor and gateway exchange them.

Role: the plaintext inside the frames, and the reader that opens them in order.

Rules:
- The first frame is the head: status and headers, as an answer's plaintext with an empty body.
- Then frames of content, none empty; the last frame carries the last-frame flag and, as its content, the 32 random
  bytes that salt the transcript's hash. They reach only the client side.
- Content counts only once its frame opened; a stream without its last frame was cut, whatever came before.

It moves no bytes: frames come from the executor's port. It does not recompute the transcript's hash: the frames are
authenticated one by one, and whoever keeps a transcript can check it with the salt.
"""

from __future__ import annotations

from chain.errors import CannotOpenError, PayloadError
from chain.payload import AnswerPlaintext, decode_answer, encode_answer
from chain.sealing import FrameOpener
from gateway.errors import StreamError

SALT_BYTES = 32
"""Length of the random bytes in a stream's last frame."""


def encode_head(head: AnswerPlaintext) -> bytes:
    """Encode the plaintext of a stream's first frame."""
    if head.body:
        raise StreamError("a stream's head has no body; the content follows in frames of its own")
    return encode_answer(head)


class StreamReader:
    """Opens a stream's frames in order: one head, content, one end."""

    def __init__(self, key: bytes) -> None:
        """Begin with the key for the direction to the client."""
        self._opener = FrameOpener(key)

    @property
    def ended(self) -> bool:
        """Whether the last frame was opened."""
        return self._opener.closed

    def head(self, frame: bytes) -> AnswerPlaintext:
        """Open the first frame.

        Raises:
            StreamError: It does not open, or is no head.
        """
        try:
            head = decode_answer(self._opener.open(frame))
        except (CannotOpenError, PayloadError) as error:
            raise StreamError(f"the stream's head is not usable: {error}") from error
        if self._opener.closed or head.body or not 200 <= head.status <= 599:
            raise StreamError("the stream's head is not a head; the executor that sent it is broken")
        return head

    def content(self, frame: bytes) -> bytes:
        """Open the next frame and give its content; empty once the end has come.

        Raises:
            StreamError: It does not open, or the end is malformed.
        """
        try:
            plaintext = self._opener.open(frame)
        except CannotOpenError as error:
            raise StreamError(f"a stream frame is not usable: {error}") from error
        if not self._opener.closed:
            return plaintext
        if len(plaintext) != SALT_BYTES:
            raise StreamError("the stream's last frame has no salt; the executor that sent it is broken")
        return b""
