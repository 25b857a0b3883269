"""A client of the container runtime interface (k8s.io/cri-api, runtime.v1), as a kubelet is: cri.py SOCKET VERB ...

  pull IMAGE                     pulls an image; prints the milliseconds that it took
  run [--volume IMAGE PATH] NAME IMAGE [COMMAND...]
                                 runs a command in a pod of the host's network until it ends; prints its output, ends with its code;
                                 the other image is mounted read-only at PATH
  images                         lists the images
  rmi IMAGE                      removes an image
  rmp [NAME]                     stops and removes all pods, or those of a name

The few messages that this needs are written by hand: protocol buffers are tags, lengths and bytes.
"""
import os
import sys
import tempfile
import time

import grpc


def varint(number):
    out = b""
    while True:
        byte = number & 0x7F
        number >>= 7
        out += bytes([byte | (0x80 if number else 0)])
        if not number:
            return out


def message(*fields):
    """A message of (number, value) pairs: text, bytes (a message), a number, or a list of texts."""
    out = b""
    for number, value in fields:
        if isinstance(value, list):
            out += b"".join(message((number, item)) for item in value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def fields(data):
    """The fields of a message, in order: (number, value)."""
    at = 0

    def read():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        tag = read()
        if tag & 7 == 0:
            yield tag >> 3, read()
        elif tag & 7 == 2:
            length = read()
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            raise ValueError("wire type %d" % (tag & 7))


def field(data, number, default=b""):
    return next((value for found, value in fields(data) if found == number), default)


class Runtime:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + os.path.abspath(socket))

    def call(self, service, method, request, timeout=600):
        rpc = self.channel.unary_unary(
            "/runtime.v1.%s/%s" % (service, method), request_serializer=bytes, response_deserializer=bytes)
        return rpc(request, timeout=timeout)

    def image(self, method, request):
        return self.call("ImageService", method, request)

    def runtime(self, method, request):
        return self.call("RuntimeService", method, request)

    def pull(self, image):
        self.image("PullImage", message((1, message((1, image)))))

    def run(self, name, image, command, volume=None):
        logs = tempfile.mkdtemp()
        # The host's network namespace (NODE is 2), so that no network plug-in is needed.
        security = message((1, message((1, 2))))
        sandbox = message(
            (1, message((1, name), (2, name), (3, "default"))), (3, logs), (8, message((2, security))))
        pod = field(self.runtime("RunPodSandbox", message((1, sandbox))), 1)
        try:
            # The container's own security context names the same network.
            config = message(
                (1, message((1, name))), (2, message((1, image))), (3, command),
                *([(7, message((1, volume[1]), (3, 1), (9, message((1, volume[0])))))] if volume else []), (11, "log"),
                (15, message((2, message((3, message((1, 2))))))))
            container = field(
                self.runtime("CreateContainer", message((1, pod), (2, config), (3, sandbox))), 1)
            self.runtime("StartContainer", message((1, container)))
            while True:
                status = field(self.runtime("ContainerStatus", message((1, container))), 1)
                if field(status, 3, 0) == 2:  # CONTAINER_EXITED
                    break
                time.sleep(0.02)
            with open(logs + "/log", errors="replace") as lines:
                for line in lines:
                    sys.stdout.write(line.split(" ", 3)[3])
            return field(status, 7, 0)
        finally:
            self.remove(pod)

    def remove(self, pod):
        self.runtime("StopPodSandbox", message((1, pod)))
        self.runtime("RemovePodSandbox", message((1, pod)))

    def pods(self, name=None):
        """The identifiers of all pods, or of those with a name (their metadata's first field)."""
        found = [pod for number, pod in fields(self.runtime("ListPodSandbox", b"")) if number == 1]
        return [field(pod, 1) for pod in found if name in (None, field(field(pod, 2), 1).decode())]

    def images(self):
        return [field(image, 2).decode() for number, image in fields(self.image("ListImages", b"")) if number == 1]


def main(socket, verb, *words):
    runtime = Runtime(socket)
    if verb == "pull":
        start = time.monotonic()
        runtime.pull(words[0])
        print(round((time.monotonic() - start) * 1000))
    elif verb == "run":
        volume = None
        if words[0] == "--volume":
            volume, words = words[1:3], words[3:]
        return runtime.run(words[0], words[1], list(words[2:]), volume)
    elif verb == "images":
        print("\n".join(runtime.images()))
    elif verb == "rmi":
        runtime.image("RemoveImage", message((1, message((1, words[0])))))
    elif verb == "rmp":
        for pod in runtime.pods(*words):
            runtime.remove(pod)
    else:
        raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except grpc.RpcError as error:
        sys.exit("%s: %s" % (error.code().name, error.details()))
