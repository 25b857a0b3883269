"""An API server that answers what a test tells it. Prints its port; ends when its standard input closes.

POST /script     a list of answers, which the next calls get in this order:
                 {"status": 200, "headers": {}, "body": "...", "cut": false, "silent": false}
                 With "cut" the connection breaks behind the body, with "silent" it stays open without an end.
GET /requests    the calls so far, as a list of {"method", "path", "headers", "body"}
A call for which no answer is left is answered with 500.
"""
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
answers = []
requests = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def whole(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/script":
            with lock:
                answers.extend(json.loads(body))
            return self.whole(200, b"")
        if self.path == "/requests":
            with lock:
                return self.whole(200, json.dumps(requests).encode())
        with lock:
            requests.append({
                "method": self.command, "path": self.path, "body": body.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()},
            })
            answer = answers.pop(0) if answers else {"status": 500, "body": "no answer is left"}
        body = answer.get("body", "").encode()
        if not answer.get("cut") and not answer.get("silent"):
            return self.whole(answer.get("status", 200), body, answer.get("headers", {}))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        self.wfile.flush()
        if answer.get("silent"):
            threading.Event().wait()
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away in the middle of an answer; that is the point of some tests."""


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.buffer.read()
os._exit(0)
