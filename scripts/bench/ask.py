#!/usr/bin/env python3
"""Asks a server on loopback the same thing on many connections, a request at a time on each: ask.py PORT TARGET SECONDS. Prints
how many answers came; ends with an error when one is not 200."""
import concurrent.futures
import socket
import sys
import time

PROCESSES = 2
CONNECTIONS = 16


def ask(port, target, seconds):
    request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    connections[0].sendall(request)
    first = b""
    while b"\r\n\r\n" not in first:
        first += connections[0].recv(65536)
    head, body = first.split(b"\r\n\r\n", 1)
    length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).split(b":")[1])
    size = len(head) + 4 + length
    connections[0].recv(length - len(body), socket.MSG_WAITALL)
    answered = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            answer = connection.recv(size, socket.MSG_WAITALL)
            if not answer.startswith(b"HTTP/1.1 200 ") or len(answer) != size:
                raise SystemExit(f"error: an answer is {answer[:100]}")
        answered += len(connections)
    return answered


def main():
    port, target, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with concurrent.futures.ProcessPoolExecutor(PROCESSES) as processes:
        print(sum(processes.map(ask, [port] * PROCESSES, [target] * PROCESSES, [seconds] * PROCESSES)))


if __name__ == "__main__":
    main()
