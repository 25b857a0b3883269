"""An API server that answers what a test tells it. Prints its port; ends when its standard input closes.

POST /script     a list of answers, which the next calls get in this order:
                 {"status": 200, "headers": {}, "body": "...", "cut": false, "silent": false}
                 With "cut" the connection breaks behind the body, with "silent" it stays open without an end.
GET /requests    the calls so far, as a list of {"method", "path", "headers", "body"}
A call for which no answer is left is answered with 500.
"""
import json
import threading

import loopback

lock = threading.Lock()
answers = []
requests = []


class Handler(loopback.Handler):
    def call(self):
        body = self.body()
        if self.path == "/script":
            with lock:
                answers.extend(json.loads(body))
            return self.answer(200)
        if self.path == "/requests":
            with lock:
                return self.answer(200, json.dumps(requests).encode())
        with lock:
            requests.append({
                "method": self.command, "path": self.path, "body": body.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()},
            })
            answer = answers.pop(0) if answers else {"status": 500, "body": "no answer is left"}
        body = answer.get("body", "").encode()
        if not answer.get("cut") and not answer.get("silent"):
            return self.answer(answer.get("status", 200), body, **answer.get("headers", {}))
        self.begin()
        if body:
            self.chunk(body)
        if answer.get("silent"):
            threading.Event().wait()
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = call


loopback.serve(loopback.listen(Handler))
