"""An HTTP server for the client's tests. Prints its port; ends when its standard input closes.

/watch/NAME   a chunked answer: one line of JSON, then silence until /speak/NAME, then two more and the end
/text/SIZE    the request's body back, chunked, SIZE bytes in each chunk
/broken       a line and a half, and the end of the connection within the answer
/flood/NAME   64 MiB in lines of 1 KiB; /sent/NAME is how many bytes of them were written, and "gone" if the client left
/longline     a line of 64 MiB
/silent       no answer at all
"""
import json
import os
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

speaking = defaultdict(threading.Event)
sent = defaultdict(int)
gone = defaultdict(bool)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def begin(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def whole(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        size = int(self.path.split("/")[2])
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.begin()
        for start in range(0, len(body), size):
            self.chunk(body[start:start + size])
        self.chunk(b"")

    def do_GET(self):
        what, name = (self.path.split("/") + [""])[1:3]
        getattr(self, "do_" + what)(name)

    def do_watch(self, name):
        def event(number):
            return json.dumps({"type": "ADDED", "object": {"number": number, "text": "ä\n"}}).encode() + b"\n"
        self.begin()
        self.chunk(event(1))
        speaking[name].wait()
        second = event(2)
        self.chunk(second[:7])
        self.chunk(second[7:] + event(3))
        self.chunk(b"")

    def do_speak(self, name):
        speaking[name].set()
        self.whole(b"")

    def do_broken(self, _):
        self.begin()
        self.chunk(b"whole\nhalf")
        self.close_connection = True

    def do_flood(self, name):
        self.begin()
        line = b"x" * 1023 + b"\n"
        try:
            for _ in range(1024):
                self.chunk(line * 64)
                sent[name] += 64 << 10
            self.chunk(b"")
        except OSError:
            gone[name] = True
            self.close_connection = True

    def do_sent(self, name):
        self.whole(b"gone" if gone[name] else b"%d" % sent[name])

    def do_longline(self, _):
        self.begin()
        try:
            for _ in range(1024):
                self.chunk(b"x" * (64 << 10))
            self.chunk(b"")
        except OSError:
            self.close_connection = True

    def do_silent(self, _):
        threading.Event().wait()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away in the middle of an answer; that is the point of some tests."""


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.buffer.read()
os._exit(0)
