#!/usr/bin/env python3
"""An HTTP/1.1 reverse proxy before a registry, whose faults are switched while it runs. Prints "PORT STORE CONTROL": its own
port, that of the object store it can redirect ranges of blobs to (on 127.0.0.2), and that of its control:

  GET /          what was counted so far: requests, those of blobs, answers by status, faults by name (JSON)
  PUT /faults    the rules from now on, a JSON list; [] for none
  PUT /down, /up the listener is closed and all its connections reset; it listens again
  PUT /rotate    every token that was given out so far is refused from now on (--auth)

A rule names requests and what becomes of them, each in its turn ("cycle"; null leaves one alone):
  {"path": REGEX, "ranged": BOOL, "from": N, "to": N, "cycle": [ACTION...]}     the path is by default that of a blob
Actions:
  {"do": "status", "status": 503, "retry_after": "1"}
  {"do": "cut", "at": PLACE, "rst": BOOL}       the connection ends there, by RST or FIN
  {"do": "stall", "at": PLACE}                  nothing more comes, and the connection stays
  {"do": "slow", "rate": BYTES_A_SECOND}        as long as the rules stay
  {"do": "short", "at": PLACE, "range": BOOL}   the body ends there, Content-Length says so; so does Content-Range, or not
  {"do": "corrupt", "grid": N, "times": N}      each N-th byte of the blob is wrong the first times that it is sent
  {"do": "as", "what": whole | chunked | multipart | gzip | unsatisfiable | no-range | wrong-range | long}
PLACE: "start" (nothing is sent), "head" (in the middle of it), a byte of the body, counted from its end if negative, or a
fraction of it.

It is a forward proxy as well: a request for an absolute URL goes to the upstream, CONNECT to that port of 127.0.0.1.
"""
import argparse
import asyncio
import collections
import fcntl
import itertools
import json
import re
import socket
import ssl
import struct
import termios
import time
import urllib.parse

from fault_answers import Answer, place_in

RESET = struct.pack("ii", 1, 0)
EXPIRED = {
    "s3": (403, "AccessDenied", "Request has expired"),
    "gcs": (400, "ExpiredToken", "Invalid argument."),
    "azure": (403, "AuthenticationFailed", "Signature not valid in the specified time frame"),
}


class Request:
    def __init__(self, method, target, headers):
        self.method = method
        self.target = target
        self.headers = headers
        self.range = None
        if match := re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", "")):
            self.range = int(match[1]), int(match[2]) + 1


async def read_head(reader):
    """The first line and the headers, names in lower case; None at the end of the connection."""
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, OSError):
        return None
    fields = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return lines[0], {name.strip().lower(): value.strip() for name, value in fields}


class Proxy:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.rules = []
        self.wrong = collections.Counter()
        self.connections = set()
        self.server = None
        self.held = None
        self.port = None
        self.store = None
        self.secret = 0
        self.numbers = itertools.count(1)
        self.uses = collections.Counter()
        self.log = open(options.log, "a", buffering=1, encoding="utf-8") if options.log else None

    # The listeners.

    async def start(self):
        family = socket.AF_INET6 if ":" in self.options.listen else socket.AF_INET
        # Bound but not listening: nobody else gets the port while the proxy is down.
        self.held = socket.socket(family)
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.held.bind((self.options.listen, 0))
        self.port = self.held.getsockname()[1]
        await self.up()
        store = await asyncio.start_server(self.connected(self.answer_store), "127.0.0.2", 0)
        self.store = store.sockets[0].getsockname()[1]
        control = await asyncio.start_server(self.connected(self.answer_control), "127.0.0.1", 0)
        print(self.port, self.store, control.sockets[0].getsockname()[1], flush=True)
        await control.serve_forever()

    async def up(self):
        context = None
        if self.options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.options.tls)
            if self.options.client_ca:
                context.load_verify_locations(self.options.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        handler = self.connected(self.answer_registry, self.connections)
        self.server = await asyncio.start_server(
            handler, self.options.listen, self.port, reuse_port=True, ssl=context)

    def down(self):
        self.server.close()
        for writer in list(self.connections):
            self.reset(writer)

    @staticmethod
    def reset(writer):
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    def connected(self, answer, connections=None):
        """The handler of a listener: requests of a connection, one after the other, as long as `answer` wants more."""
        async def serve(reader, writer):
            if connections is not None:
                connections.add(writer)
            try:
                while head := await read_head(reader):
                    line, headers = head
                    method, target, _ = line.split(" ", 2)
                    size = int(headers.get("content-length", 0))
                    body = await reader.readexactly(size) if size else b""
                    if not await answer(Request(method, target, headers), body, reader, writer):
                        break
            except (OSError, asyncio.IncompleteReadError, ValueError):
                pass
            finally:
                if connections is not None:
                    connections.discard(writer)
                writer.close()
        return serve

    # What is answered.

    async def answer_control(self, request, body, _reader, writer):
        answer = Answer(200, {"Content-Type": "application/json"}, b"{}")
        match request.method, request.target:
            case "GET", "/": answer.body = json.dumps(self.counts).encode()
            case "PUT", "/faults":
                self.rules = [{"seen": 0, **rule} for rule in json.loads(body)]
                self.wrong.clear()
            case "PUT", "/down": self.down()
            case "PUT", "/up": await self.up()
            case "PUT", "/rotate": self.secret += 1
            case _: answer.status = 404
        writer.write(answer.sized().head() + answer.body)
        await writer.drain()
        return True

    async def answer_registry(self, request, _body, reader, writer):
        if request.method == "CONNECT":
            return await self.tunnel(request, reader, writer)
        if request.target.startswith("http://"):
            self.counts["absolute"] += 1
            parts = urllib.parse.urlsplit(request.target)
            request.target = parts.path + ("?" + parts.query if parts.query else "")
        self.counts["requests"] += 1
        if self.options.delay:
            await asyncio.sleep(self.options.delay)
        refusal = self.refusal(request)
        if refusal:
            return await self.send(request, refusal, None, writer, "registry")
        if self.options.store and request.range and "/blobs/" in request.target:
            self.counts["redirects"] += 1
            host = self.options.store_name or "127.0.0.2"
            place = f"http://{host}:{self.store}{request.target}?signature={next(self.numbers)}"
            return await self.send(request, Answer(307, {"Location": place}).sized(), None, writer, "registry")
        return await self.pass_on(request, reader, writer, "registry")

    async def answer_store(self, request, _body, reader, writer):
        request.target, _, query = request.target.partition("?")
        self.counts["stored"] += 1
        if "authorization" in request.headers:
            self.counts["leaks"] += 1
        self.uses[query] += 1
        if self.uses[query] > self.options.uses:
            self.counts["expired"] += 1
            status, code, text = EXPIRED[self.options.store]
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{text}</Message></Error>".encode()
            answer = Answer(status, {"Content-Type": "application/xml"}, body).sized()
            return await self.send(request, answer, None, writer, "store")
        return await self.pass_on(request, reader, writer, "store")

    def refusal(self, request):
        """What a token server says, or the registry to who has none of its tokens."""
        if not self.options.auth:
            return None
        if request.target.startswith("/token"):
            self.counts["tokens"] += 1
            action = self.action(request)
            if action and action["do"] == "status":
                return Answer(action["status"], {}, b"{}").sized()
            body = json.dumps({"token": f"{self.secret}.{next(self.numbers)}", "expires_in": 300}).encode()
            return Answer(200, {"Content-Type": "application/json"}, body).sized()
        if request.headers.get("authorization", "").startswith(f"Bearer {self.secret}."):
            return None
        realm = f'Bearer realm="http://{request.headers["host"]}/token",service="faults"'
        return Answer(401, {"WWW-Authenticate": realm}, b'{"errors":[{"code":"UNAUTHORIZED"}]}').sized()

    async def tunnel(self, request, reader, writer):
        self.counts["tunnels"] += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(request.target.rsplit(":", 1)[1]))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def copy(source, target):
            try:
                while data := await source.read(1 << 16):
                    target.write(data)
                    await target.drain()
            finally:
                target.close()
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer), return_exceptions=True)
        return False

    async def fetch(self, request, ranged=True):
        """The upstream's own answer, whole. HTTP/1.0: it is never chunked, and the connection's end is its end."""
        reader, writer = await asyncio.open_connection(*self.options.upstream)
        lines = [f"{request.method} {request.target} HTTP/1.0", "Host: upstream"]
        if "accept" in request.headers:
            lines.append(f"Accept: {request.headers['accept']}")
        if ranged and "range" in request.headers:
            lines.append(f"Range: {request.headers['range']}")
        writer.write("\r\n".join(lines + ["", ""]).encode("latin-1"))
        line, headers = await read_head(reader)
        body = await reader.read()
        writer.close()
        names = ("content-type", "content-length", "content-range", "docker-content-digest", "location")
        kept = {name.title(): headers[name] for name in names if name in headers}
        return Answer(int(line.split(" ")[1]), kept, body)

    async def pass_on(self, request, reader, writer, name):
        action = self.action(request)
        do = action["do"] if action else None
        if do == "status":
            answer = Answer(action["status"], {}, b"{}").sized()
            if "retry_after" in action:
                answer.headers["Retry-After"] = action["retry_after"]
        else:
            try:
                answer = await self.fetch(request, ranged=not (do == "as" and action["what"] == "whole"))
            except OSError:
                answer = Answer(502).sized()
        if do == "corrupt":
            start = request.range[0] if request.range else 0
            for place in answer.places(start, action["grid"]):
                key = request.target, place
                if self.wrong[key] < action.get("times", 1 << 30):
                    self.wrong[key] += 1
                    self.counts["corrupted"] += 1
                    answer.flip(place - start)
        elif do == "short":
            answer.shorten(action["at"], request.range if action.get("range") else None)
        elif do == "as":
            answer.disguise(action["what"], request.range)
        return await self.send(request, answer, action, writer, name, reader)

    # Faults.

    def action(self, request):
        """What the first rule for this request wants to be done with it."""
        for rule in self.rules:
            if not re.search(rule.get("path", "/blobs/"), request.target) or request.method != "GET":
                continue
            if "ranged" in rule and rule["ranged"] != (request.range is not None):
                continue
            rule["seen"] += 1
            if not rule.get("from", 1) <= rule["seen"] <= rule.get("to", rule["seen"]):
                continue
            return rule["cycle"][(rule["seen"] - 1) % len(rule["cycle"])]
        return None

    async def send(self, request, answer, action, writer, name, reader=None):
        """Sends an answer as far as the action lets it; whether the connection can go on."""
        do = action["do"] if action else None
        self.counts[f"status {answer.status}"] += 1
        if "/blobs/" in request.target:
            self.counts["blobs"] += 1
        if do:
            self.counts[do] += 1
        if self.log:
            self.log.write(json.dumps({
                "time": time.time(), "server": name, "method": request.method, "target": request.target,
                "range": request.range, "authorization": "authorization" in request.headers,
                "status": answer.status, "action": action}) + "\n")
        head, body = answer.head(), b"" if request.method == "HEAD" else answer.body
        if do == "slow":
            writer.write(head)
            rules, at = self.rules, 0
            # Until the rules are others: then the network is as fast as ever.
            while at < len(body) and self.rules is rules:
                writer.write(body[at:at + action["rate"] // 10])
                await writer.drain()
                await asyncio.sleep(0.1)
                at += action["rate"] // 10
            writer.write(body[at:])
            await writer.drain()
            return True
        if do not in ("cut", "stall"):
            writer.write(head)
            writer.write(body)
            await writer.drain()
            return True
        at = action["at"]
        sent = {"start": 0, "head": len(head) // 2}[at] if isinstance(at, str) else len(head) + place_in(body, at)
        writer.write((head + body)[:sent])
        await writer.drain()
        if do == "stall":
            # Until the client has enough of it.
            await reader.read()
        elif action.get("rst"):
            await self.arrived(writer)
            self.reset(writer)
        return False

    @staticmethod
    async def arrived(writer):
        """Waits until the peer has what was sent: RST throws away what it has not."""
        raw = writer.get_extra_info("socket")
        for _ in range(200):
            left = fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
            if not struct.unpack("i", left)[0] and not writer.transport.get_write_buffer_size():
                return
            await asyncio.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upstream", type=lambda text: text.rsplit(":", 1), metavar="HOST:PORT")
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--log", metavar="FILE", help="a line of JSON for every request")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="before each answer")
    parser.add_argument("--auth", action="store_true", help="want tokens, and give them to everybody")
    parser.add_argument("--store", choices=sorted(EXPIRED), help="redirect ranges of blobs to a store that refuses like this one")
    parser.add_argument("--store-name", metavar="NAME", help="what redirects call the store")
    parser.add_argument("--uses", type=int, default=1 << 30, metavar="N", help="requests that a signed URL is good for")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--client-ca", metavar="FILE", help="want a client's certificate of this authority")
    asyncio.run(Proxy(parser.parse_args()).start())


if __name__ == "__main__":
    main()
