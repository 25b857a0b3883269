#!/usr/bin/env python3
"""A registry that answers every request in one bad way; prints its port. BEHAVIOUR is an HTTP status, or:
  garbage   200 with a body that is no manifest        empty    200 with nothing
  huge      200 with a manifest that has no end        close    the connection ends in the middle of the headers
"""
import http.server
import sys

BEHAVIOUR = sys.argv[1]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if BEHAVIOUR == "close":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.close_connection = True
        elif BEHAVIOUR.isdigit():
            self.send_response(int(BEHAVIOUR))
            if BEHAVIOUR == "401":
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            body = {"garbage": b"\x00\x01 not JSON {", "empty": b"", "huge": None}[BEHAVIOUR]
            self.send_response(200)
            self.send_header("Content-Type", MANIFEST)
            self.send_header("Content-Length", str(1 << 40 if body is None else len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if body is not None:
                self.wfile.write(body)
                return
            try:
                self.wfile.write(b'{"schemaVersion": 2, "layers": [')
                while True:
                    self.wfile.write(b" " * 65536)
            except OSError:
                self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
