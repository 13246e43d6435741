"""Hosts of customers, over real sockets: with TLS under names of their own, and some that misbehave."""

import socket
import ssl
import struct
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from tests.edge.provider import providing

HOOK = "https://hooks.example.com/a?token=hidden-in-a-query"
PUBLIC = "11.22.33.44"
"""Where the names of customers lead: nobody is asked there."""

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CUT_OFF = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n",
    b"HTTP/1.1 103 Early Hints\r\n",
]
"""Heads that do not end."""


class Web:
    """Names and what they lead to; connections to any address reach one local port, and are remembered."""

    def __init__(self, port):
        self.port = port
        self.names = {}
        self.asked = []
        self.dialled = []

    def resolve(self, host, port):
        self.asked.append(host)
        found = self.names.get(host)
        if found is None:
            raise OSError("no such name")
        return found(host) if callable(found) else found

    def dial(self, place, timeout_s):
        self.dialled.append(place)
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)


@contextmanager
def providing_tls(certificate):
    """Have a provider that speaks TLS."""
    with providing() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        yield server


@contextmanager
def saying(*parts, every_s=0.0, forever=False, ends=False):
    """
    Have a host that reads a request and says these bytes, one after the other; return its port.

    It says them for ever, or once and then closes, or else again to the next request.
    """
    ended = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                threading.Thread(target=say, args=(line,), daemon=True).start()

    def say(line):
        with suppress(OSError), line:
            while forever or line.recv(65536):
                for part in parts:
                    if ended.wait(every_s):
                        return
                    line.sendall(part)
                if ends:
                    return

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    ended.set()
    _stop(listening)


@contextmanager
def hanging_up(said, reads=1000):
    """
    Have a host that reads so much, says this and hangs up, whatever is still on its way; return its port.

    With None it reads nothing, and closes as one does who has heard all.
    """

    def serve():
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                with line:
                    line.recv(reads) if reads else None
                    line.sendall(said)
                    if reads is not None:
                        line.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                        )

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    _stop(listening)


def _stop(listening):
    """Wake who waits for a connection, which to close it does not, and close it."""
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def certify(folder, *names):
    """Make an authority and a certificate for some names; return the files of both."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(name):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    ours, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = datetime.now(UTC)

    def made(subject, key, extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named("tests"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ours.public_key())
        for one, critical in [*extensions, (identifier, False), (authority, False)]:
            builder = builder.add_extension(one, critical)
        return builder.sign(ours, hashes.SHA256())

    usage = dict.fromkeys(
        [
            *("digital_signature", "content_commitment", "key_encipherment", "crl_sign"),
            *("data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        ],
        False,
    )
    authority = made(
        "tests",
        ours,
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (x509.KeyUsage(key_cert_sign=True, **usage), True),
        ],
    )
    leaf = made(
        names[0], theirs, [(x509.SubjectAlternativeName([*map(x509.DNSName, names)]), False)]
    )
    pem = serialization.Encoding.PEM
    key = theirs.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "host.pem").write_bytes(leaf.public_bytes(pem) + key)
    return folder / "authority.pem", folder / "host.pem"
