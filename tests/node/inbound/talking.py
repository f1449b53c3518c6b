"""A web server that says what a test wants, as slowly as it wants."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

Talk = Callable[[socket.socket], None]


class Server:
    """Answers each request with what it is told to say; notes how many there were."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.talk: Talk = says(b"")
        self.requests = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:  # closed
                return
            with connection:
                self.requests += 1
                connection.recv(1 << 16)
                try:
                    self.talk(connection)
                except OSError:  # the node hung up
                    continue

    def close(self) -> None:
        """Stop serving."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join()


def says(body: bytes, length: int | None = None, *more: str) -> Talk:
    """Return what says ``body``, as the beginning of ``length`` bytes."""
    number = len(body) if length is None else length
    head = ["HTTP/1.1 200 OK", f"Content-Length: {number}", *more, "", ""]
    return lambda connection: connection.sendall("\r\n".join(head).encode() + body)


def drips(connection: socket.socket) -> None:
    """Send a byte each tenth of a second, for a long time."""
    says(b"[", 1000)(connection)
    for _ in range(100):
        time.sleep(0.1)
        connection.sendall(b" ")
