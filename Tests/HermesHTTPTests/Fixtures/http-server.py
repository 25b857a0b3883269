"""An HTTP server for the client's tests. Prints its port; ends when its standard input closes.

/watch/NAME   a chunked answer: one line of JSON, then silence until /speak/NAME, then two more and the end
/text/SIZE    the request's body back, chunked, SIZE bytes in each chunk
/broken       a line and a half, and the end of the connection within the answer
/flood/NAME   64 MiB in lines of 1 KiB; /sent/NAME is how many bytes of them were written, and "gone" if the client left
/longline     a line of 64 MiB
/silent       no answer at all
"""
import json
import threading
from collections import defaultdict

import loopback

speaking = defaultdict(threading.Event)
sent = defaultdict(int)
gone = defaultdict(bool)


class Handler(loopback.Handler):
    def do_POST(self):
        size = int(self.path.split("/")[2])
        body = self.body()
        self.begin(Content_Type="application/json")
        for start in range(0, len(body), size):
            self.chunk(body[start:start + size])
        self.chunk(b"")

    def do_GET(self):
        what, name = (self.path.split("/") + [""])[1:3]
        getattr(self, "do_" + what)(name)

    def do_watch(self, name):
        def event(number):
            return json.dumps({"type": "ADDED", "object": {"number": number, "text": "ä\n"}}).encode() + b"\n"
        self.begin(Content_Type="application/json")
        self.chunk(event(1))
        speaking[name].wait()
        second = event(2)
        self.chunk(second[:7])
        self.chunk(second[7:] + event(3))
        self.chunk(b"")

    def do_speak(self, name):
        speaking[name].set()
        self.answer(200, b"")

    def do_broken(self, _):
        self.begin(Content_Type="application/json")
        self.chunk(b"whole\nhalf")
        self.close_connection = True

    def do_flood(self, name):
        self.begin(Content_Type="application/json")
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
        self.answer(200, b"gone" if gone[name] else b"%d" % sent[name])

    def do_longline(self, _):
        self.begin(Content_Type="application/json")
        try:
            for _ in range(1024):
                self.chunk(b"x" * (64 << 10))
            self.chunk(b"")
        except OSError:
            self.close_connection = True

    def do_silent(self, _):
        threading.Event().wait()


loopback.serve(loopback.listen(Handler))
