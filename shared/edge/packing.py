"""Bodies that came packed (RFC 9110, 8.4.1)."""


def unpacked(body: bytes, coding: str, most_bytes: int) -> bytes:
    """
    Unpack to its end what was packed, of gzip every member, but not beyond a byte more than *most_bytes*.

    Nothing is nothing, however it is packed, and what has an unknown coding stays.

    Raises:
        ValueError: It is not packed as it says, or not whole.
    """
    import gzip
    import io
    import zlib

    whole = True
    try:
        if body and coding.lower() in {"gzip", "x-gzip"}:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(most_bytes + 1)
        elif body and coding.lower() == "deflate":
            packed = zlib.decompressobj()
            body = packed.decompress(body, most_bytes + 1)
            whole = len(body) > most_bytes or (packed.eof and not packed.unused_data)
    except (OSError, EOFError, zlib.error):
        whole = False
    if not whole:
        raise ValueError(f"it is not packed as {coding}")
    return body
