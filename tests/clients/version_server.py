"""An HTTP server for containers that is quick to begin: it tells its VERSION and its host's name."""

import os
import socket


def main() -> None:
    """Serve for ever."""
    listening = socket.create_server(("0.0.0.0", 8080), backlog=64)
    answer = f"{os.environ['VERSION']} {os.environ['HOSTNAME']}".encode()
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer)
    while True:
        client, _ = listening.accept()
        try:
            client.recv(1000)
            client.sendall(head + answer)
        except OSError:  # a client that has gone is no reason to end
            continue
        finally:
            client.close()


if __name__ == "__main__":
    main()
