"""What pods of the bridge fabric run in tests: `serve NAME PORT`, `ask IP PORT COUNT KIND`. It imports little, to be quick.

A server says its name and the client's address to who connects or sends a datagram. `ask` prints a JSON list of what
it was answered; where it was not, of why.
"""

import json
import select
import socket
import sys


def serve(name: str, port: int) -> None:
    """Serve TCP and UDP for ever; writes a line when it listens."""
    stream = socket.create_server(("0.0.0.0", port), backlog=64)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("0.0.0.0", port))
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([stream, datagrams], [], [])
        if stream in ready:
            client, peer = stream.accept()
            client.sendall(f"{name} {peer[0]}".encode())
            client.close()
        if datagrams in ready:
            _, peer = datagrams.recvfrom(100)
            datagrams.sendto(f"{name} {peer[0]}".encode(), peer)


def ask(ip: str, port: int, count: int, kind: str = "tcp") -> list[str]:
    """What `count` connections are answered, or why not; those of kind `flow` are datagrams from one port."""
    said = []
    for _ in range(count):
        type_ = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, type_) as client:
            client.settimeout(2)
            if kind == "flow":
                client.bind(("0.0.0.0", 4000))
            try:
                client.connect((ip, port))
                if kind != "tcp":
                    client.send(b"?")
                said.append(client.recv(100).decode())
            except TimeoutError:
                said.append("timeout")
            except OSError as error:
                said.append(type(error).__name__)
    return said


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        print(json.dumps(ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])))
