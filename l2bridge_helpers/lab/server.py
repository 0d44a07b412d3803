"""A small HTTP/1.1 server on loopback: keep-alive, a thread per connection, werkzeug's requests and answers.

werkzeug's own server closes each connection after one answer, which makes a thousand requests slow.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug import Request, Response

from l2bridge_helpers.lab.errors import LabError


@dataclass(frozen=True)
class HangUp:
    """No answer: the connection is closed; `reset`: broken off, as when the other machine knows of none."""

    reset: bool = False


@dataclass(frozen=True)
class CutOff:
    """An answer that breaks off: its head tells the whole length, half of the body follows."""

    response: Response


Answer = Response | HangUp | CutOff
App = Callable[[Request], Answer]

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
_NO_LINGER = struct.pack("ii", 1, 0)


class Server:
    """Serves one application until it is closed."""

    def __init__(self, app: App, *, port: int = 0) -> None:
        """Start to serve; port 0: any free one."""
        try:
            self._http = _Http(app, port)
        except OSError as err:
            message = f"port {port} cannot be used ({err.strerror}); choose another one, or 0 for any free one"
            raise LabError(message) from err
        self.url = f"http://{_HOST}:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()

    def close(self) -> None:
        """Stop, and hang up on every client."""
        self._http.shutdown()
        self._http.server_close()
        self._http.hang_up()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        super().__init__((_HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is no news."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def _serve(self) -> None:
        answer = self.server.app(self._request())
        if isinstance(answer, HangUp):
            self._hang_up(reset=answer.reset)
            return
        response = answer.response if isinstance(answer, CutOff) else answer
        body = b"" if self.command == "HEAD" else response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        if isinstance(answer, CutOff):
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            os.close(self.connection.detach())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the standard library

    def _request(self) -> Request:
        url = urlsplit(self.path)
        length = self.headers.get("Content-Length") or "0"
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(url.path, "latin-1"),
            "QUERY_STRING": url.query,
            "CONTENT_LENGTH": length,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "SERVER_NAME": _HOST,
            "SERVER_PORT": str(self.server.server_address[1]),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.rfile.read(int(length))),
        }
        headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in self.headers.items()}
        return Request(environ | headers)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the standard library
        """Say nothing: the request log says it better."""
