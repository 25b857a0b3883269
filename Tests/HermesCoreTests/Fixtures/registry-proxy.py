"""An HTTP proxy for tests: every host but "gone.test" is the target on loopback. Prints its port, then a line per request.

Usage: registry-proxy.py TARGET_PORT USER:PASSWORD"""
import base64
import socket
import sys
import threading
from http.client import HTTPConnection
from urllib.parse import urlparse

import loopback

target = int(sys.argv[1])
login = "Basic " + base64.b64encode(sys.argv[2].encode()).decode()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy(loopback.Handler):
    def allowed(self):
        if self.headers.get("Proxy-Authorization") == login:
            return True
        self.send_error(407)
        return False

    def do_CONNECT(self):
        if not self.allowed():
            return
        print("CONNECT", self.path, flush=True)
        upstream = socket.create_connection(("127.0.0.1", target))
        self.send_response(200)
        self.end_headers()
        back = threading.Thread(target=pump, args=(upstream, self.connection), daemon=True)
        back.start()
        pump(self.connection, upstream)
        back.join()
        self.close_connection = True

    def do_GET(self):
        if not self.allowed():
            return
        url = urlparse(self.path)
        print("GET", url.netloc, flush=True)
        connection = HTTPConnection("127.0.0.1", target)
        headers = {k: v for k, v in self.headers.items() if not k.lower().startswith("proxy-")}
        connection.request("GET", url.path + ("?" + url.query if url.query else ""), headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() != "connection":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


loopback.serve(loopback.listen(Proxy))
