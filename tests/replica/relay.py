"""Runs `serve` in a container and hands what comes in at a socket's file to its port.

It stops the server when its own standard input ends. A file of the file system is what inside and
outside of a network namespace have in common.
"""

import socket
import subprocess
import sys
import threading
from contextlib import suppress

PORT = 8080


def pump(source: socket.socket, target: socket.socket) -> None:
    """Send on what comes, until there is no more."""
    with suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def relay(listener: socket.socket) -> None:
    """Connect each client with the server; one that comes too early is hung up on."""
    while True:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", PORT))
        except OSError:
            client.close()
            continue
        for ends in ((client, server), (server, client)):
            threading.Thread(target=pump, args=ends, daemon=True).start()


def main() -> int:
    """Serve until standard input ends, or the server does."""
    server = subprocess.Popen(["serve"], stdin=subprocess.DEVNULL)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    threading.Thread(target=relay, args=(listener,), daemon=True).start()

    def stop() -> None:
        sys.stdin.read()
        server.terminate()

    threading.Thread(target=stop, daemon=True).start()
    return server.wait()


if __name__ == "__main__":
    sys.exit(main())
