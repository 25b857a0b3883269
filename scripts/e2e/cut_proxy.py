#!/usr/bin/env python3
"""A TCP proxy that resets all its connections now and then: cut_proxy.py TARGET-PORT SECONDS, on loopback. Prints its port, and then a
line "cut N" each time that it has cut N connections."""
import socket
import struct
import sys
import threading
import time

RESET = struct.pack("ii", 1, 0)
lock = threading.Lock()
pairs = set()


def pump(source, target, pair):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    close(pair)


def close(pair):
    """Ends both sides of a connection; says whether it was there."""
    with lock:
        if pair not in pairs:
            return False
        pairs.discard(pair)
    for side in pair:
        try:
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            # A thread that waits for bytes would keep the socket open.
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        side.close()
    return True


def cut(seconds):
    while True:
        time.sleep(seconds)
        with lock:
            there = list(pairs)
        print("cut", sum([close(pair) for pair in there]), flush=True)


def main():
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=cut, args=(seconds,), daemon=True).start()
    while True:
        client = server.accept()[0]
        try:
            target = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        pair = (client, target)
        with lock:
            pairs.add(pair)
        for ends in (pair, pair[::-1]):
            threading.Thread(target=pump, args=(*ends, pair), daemon=True).start()


if __name__ == "__main__":
    main()
