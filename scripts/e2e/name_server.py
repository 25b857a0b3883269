#!/usr/bin/env python3
"""A name server that knows one name, on port 53 of an address of 127.0.0.0/8 that it prints. What FILE says decides for each
question: "answer", "silent" or "broken" (SERVFAIL)."""
import argparse
import random
import socket
import struct


def reply(question, name, address, mode):
    """RFC 1035, section 4: the question comes back, with an address for A, and nothing for other types."""
    at, labels = 12, []
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    end = at + 5
    kind, = struct.unpack("!H", question[at + 1:at + 3])
    known = ".".join(labels).lower() == name
    code = 2 if mode == "broken" else 0 if known else 3
    answers = b""
    if known and code == 0 and kind == 1:
        answers = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address)
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, bool(answers), 0, 0)
    return head + question[12:end] + answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("address")
    parser.add_argument("mode", metavar="FILE")
    arguments = parser.parse_args()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own = f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"
    server.bind((own, 53))
    print(own, flush=True)
    while True:
        question, client = server.recvfrom(4096)
        with open(arguments.mode, encoding="ascii") as file:
            mode = file.read().strip()
        if mode != "silent":
            try:
                server.sendto(reply(question, arguments.name, arguments.address, mode), client)
            except (IndexError, struct.error):
                continue


if __name__ == "__main__":
    main()
