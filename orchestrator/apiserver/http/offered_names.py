"""The names of the authorities whose certificates a server takes, told to clients in the handshake (RFC 8446, 4.2.4).

A client with several certificates, such as a browser, chooses by them. Python's ssl can ask for certificates but not
set these names, and nothing else serves asyncio, so OpenSSL is asked itself: by the symbols of the library that
Python's ssl is linked with, for the context that stands first in CPython's object for it.
"""

import ctypes
import ssl
import tempfile


def offer_names(context: ssl.SSLContext, authorities: str) -> bool:
    """Have a server's context tell the names of certificates (PEM); whether this Python can."""
    import _ssl

    try:
        library = ctypes.CDLL(_ssl.__file__)
        load, offer = library.SSL_load_client_CA_file, library.SSL_CTX_set_client_CA_list
        mode = library.SSL_CTX_get_verify_mode
    except (AttributeError, OSError):  # built into the interpreter, or without its symbols
        return False
    load.argtypes, load.restype = [ctypes.c_char_p], ctypes.c_void_p
    offer.argtypes, offer.restype = [ctypes.c_void_p, ctypes.c_void_p], None
    mode.argtypes, mode.restype = [ctypes.c_void_p], ctypes.c_int
    inner = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    with tempfile.NamedTemporaryFile("w") as file:  # OpenSSL reads names from files only
        file.write(authorities)
        file.flush()
        names = load(file.name.encode())
    if not names or mode(inner) != context.verify_mode:
        return False
    offer(inner, names)  # which belong to the context from here on
    return True
