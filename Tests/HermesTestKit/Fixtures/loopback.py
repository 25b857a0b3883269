"""What the test servers in Python share: HTTP on loopback that ends with the test."""
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", length=None, **headers):
        """Sends a whole answer. "_" in the name of a header stands for "-"; `length` is what is promised, if not the truth."""
        self.head(status, **headers)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self, status=200, **headers):
        """Begins an answer that comes in chunks."""
        self.head(status, **headers)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)

    def chunk(self, data):
        """Sends a chunk; an empty one is the end."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away in the middle of an answer; that is the point of some tests."""


def listen(handler):
    """A server at a port of its own, `server_port`, that does not serve yet."""
    return Server(("127.0.0.1", 0), handler)


def serve(*servers):
    """Prints the servers' ports and serves until standard input closes."""
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_port for server in servers), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)
