"""What fault_proxy.py does to an answer before it is sent."""
import gzip


def place_in(body, at):
    """Bytes of the body before a place: a number of bytes, from the end if negative, or a fraction."""
    if isinstance(at, float):
        return int(at * len(body))
    return max(0, min(len(body), len(body) + at if at < 0 else at))


class Answer:
    """A status, headers and a body."""

    def __init__(self, status, headers=(), body=b""):
        self.status = status
        self.headers = dict(headers)
        self.body = body

    def sized(self):
        self.headers["Content-Length"] = str(len(self.body))
        return self

    def head(self):
        lines = [f"HTTP/1.1 {self.status} {'OK' if self.status < 300 else 'No'}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines + ["", ""]).encode("latin-1")

    def places(self, start, grid):
        """The multiples of `grid` among the body's places in its blob, where it begins at `start`."""
        return range(start + -start % grid, start + len(self.body), grid)

    def flip(self, at):
        body = bytearray(self.body)
        body[at] ^= 0x40
        self.body = bytes(body)

    def shorten(self, at, wanted):
        """Cuts the body, which has the range `wanted`; Content-Range says so unless that is None."""
        self.body = self.body[:place_in(self.body, at)]
        if wanted and self.body:
            size = self.headers["Content-Range"].split("/")[1]
            self.headers["Content-Range"] = f"bytes {wanted[0]}-{wanted[0] + len(self.body) - 1}/{size}"
        self.sized()

    def disguise(self, what, wanted):
        """Says the same, or not quite, in another way. `wanted` is the range that was asked for."""
        match what:
            case "whole": pass
            case "chunked":
                pieces = [self.body[at:at + 5000] for at in range(0, len(self.body), 5000)] + [b""]
                self.body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
                del self.headers["Content-Length"]
                self.headers["Transfer-Encoding"] = "chunked"
            case "multipart":
                head = f"--x\r\nContent-Range: {self.headers.pop('Content-Range', '')}\r\n\r\n".encode()
                self.body = head + self.body + b"\r\n--x--\r\n"
                self.headers["Content-Type"] = "multipart/byteranges; boundary=x"
                self.sized()
            case "gzip":
                self.body = gzip.compress(self.body, 1)
                self.headers["Content-Encoding"] = "gzip"
                self.sized()
            case "unsatisfiable":
                self.status = 416
                self.headers["Content-Range"] = "bytes */1"
                self.body = b""
                self.sized()
            case "no-range": self.headers.pop("Content-Range", None)
            case "wrong-range":
                first, end = wanted or (0, len(self.body))
                self.headers["Content-Range"] = f"bytes {first + 7}-{end + 6}/{end + 1000}"
            case "long":
                self.body += b"more than was asked for"
                self.sized()
