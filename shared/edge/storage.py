"""
People's documents in Cloud Storage, by its JSON API; in a folder on one machine.

An object is only ever created and removed. Its name says what is in it, so one that is there already is the same.
"""

import base64
import hashlib
import hmac
import json
import math
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from shared.answers import Download
from shared.edge.addresses import path
from shared.edge.checksums import crc32c
from shared.edge.google_token import google_token
from shared.edge.http_client import Caller, reading
from shared.edge.http_pool import Answer
from shared.edge.keys import keep_private, made_once
from shared.errors import Expired, Forbidden, NotFound, ProviderDown
from shared.files import Content

GOOGLE = "https://storage.googleapis.com"
SIGNER = "https://iamcredentials.googleapis.com"
ALGORITHM = "GOOG4-RSA-SHA256"
LINKS = "/local/files"
"""Where one machine serves what links lead to."""

CREATED, EXISTS = 200, 412
ATTEMPTS = 3
UNKNOWN = "application/octet-stream"
WHO = "the object store"


class FolderFiles:
    """The file ports in a folder, whose links `local` serves."""

    def __init__(self, folder: str, key: Path, clock: Callable[[], datetime]) -> None:
        """
        Name the folder; it is made for the first document.

        Args:
            folder: Where documents are.

            key: What signs links; it is made for the first.

            clock: The time.
        """
        self._folder, self._key_file, self._clock = Path(folder), key, clock

    def keep(self, name: str, content: Content) -> None:
        """Keep a document, unless there is one of that name."""
        file = self._folder / name
        if not file.exists():
            keep_private(self._about(name), content.media_type.encode())
            keep_private(file, content.data)

    def read(self, name: str) -> Content:
        """Return a document; of an earlier release's nobody knows of what type it is."""
        try:
            data = (self._folder / name).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _absent() from None
        about = self._about(name)
        return Content(about.read_text() if about.exists() else UNKNOWN, data)

    def link(self, name: str, filename: str, *, lasts: timedelta) -> str:
        """Return a path of this machine's server."""
        until = str(math.floor((self._clock() + lasts).timestamp()))
        told = {
            "filename": filename,
            "until": until,
            "signature": self._sign(name, filename, until),
        }
        return f"{LINKS}/{quote(name)}?{urlencode(told)}"

    def linked(self, name: str, filename: str, until: str, signature: str) -> Content:
        """
        Return what a link leads to.

        Raises:
            Forbidden: We signed no such link.
            Expired: It lasted until an earlier time.
            NotFound: There is no such document any more.
        """
        if not hmac.compare_digest(self._sign(name, filename, until).encode(), signature.encode()):
            raise Forbidden("this link is none of ours", rule="link")
        if self._clock().timestamp() >= int(until):
            raise Expired("this link was good for a while; ask for another", rule="link")
        return self.read(name)

    def remove(self, name: str) -> None:
        """Remove a document."""
        (self._folder / name).unlink(missing_ok=True)
        self._about(name).unlink(missing_ok=True)

    def remove_all(self, under: str) -> None:
        """Remove every document under a name."""
        for folder in (self._folder / under, self._about(under)):
            with suppress(FileNotFoundError, NotADirectoryError):
                shutil.rmtree(folder)

    def _about(self, name: str) -> Path:
        """Return where it is written of what type a document is: no name begins with a dot."""
        return self._folder / ".about" / name

    def _sign(self, name: str, filename: str, until: str) -> str:
        said = json.dumps([name, filename, until]).encode()
        return hmac.digest(self._key, said, "sha256").hex()

    @cached_property
    def _key(self) -> bytes:
        return made_once(self._key_file, lambda: secrets.token_bytes(32))


class BucketFiles:
    """The file ports in a bucket."""

    def __init__(
        self,
        bucket: str,
        account: str,
        clock: Callable[[], datetime],
        signer: str = SIGNER,
        **options: Any,
    ) -> None:
        """
        Name the bucket; nothing is connected before the first document.

        Args:
            bucket: The bucket.

            account: The service account that signs links, which is this process's own.

            clock: The time.

            signer: The address of IAM Credentials.

            options: How it is called, as `Caller` takes it.
        """
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        self._base, self._bucket = emulator or GOOGLE, bucket
        self._account, self._clock, self._signer = account, clock, signer
        token = {"token": None if emulator else google_token}
        self._caller = Caller("storage", **token | options)
        self._signing = Caller("iam-credentials", **options)

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        The request may be sent again: if an earlier one was done, the object is there (`ifGenerationMatch=0`).

        Raises:
            ProviderDown: It is not kept, or arrived damaged; try again.
        """
        url = (
            f"{self._base}/upload/storage/v1/{path('b', self._bucket, 'o')}"
            "?uploadType=multipart&ifGenerationMatch=0"
        )
        boundary = uuid4().hex
        metadata = _metadata(name, content)
        body = _multipart(boundary, metadata, content)
        headers = {"Content-Type": f"multipart/related; boundary={boundary}"}
        answer = self._caller.request("POST", url, body=body, headers=headers)
        if answer.status not in {CREATED, EXISTS}:
            raise _down(answer)
        if answer.status == CREATED:
            with reading(WHO):
                kept = answer.parsed
                if [kept[one] for one in ("name", "md5Hash")] != [name, metadata["md5Hash"]]:
                    raise ValueError("another object")

    def read(self, name: str) -> Content:
        """
        Return a document.

        Raises:
            NotFound: There is none.
            ProviderDown: It cannot be had, or arrives damaged again and again.
        """
        for _ in range(ATTEMPTS):
            answer = self._caller.request("GET", f"{self._object(name)}?alt=media")
            if answer.status == 404:
                raise _absent()
            if answer.status != 200:
                raise _down(answer)
            if _sound(answer):
                return Content(answer.headers.get("Content-Type") or UNKNOWN, answer.body)
        raise ProviderDown("what the object store sends arrives damaged", retry_after_s=10)

    def link(self, name: str, filename: str, *, lasts: timedelta) -> str:
        """
        Return a signed URL of Cloud Storage (version 4).

        Raises:
            ProviderDown: It is not signed; try again.
        """
        at = self._clock().astimezone(UTC)
        scope = f"{at:%Y%m%d}/auto/storage/goog4_request"
        told = {
            "X-Goog-Algorithm": ALGORITHM,
            "X-Goog-Credential": f"{self._account}/{scope}",
            "X-Goog-Date": f"{at:%Y%m%dT%H%M%SZ}",
            "X-Goog-Expires": str(math.floor(lasts.total_seconds())),
            "X-Goog-SignedHeaders": "host",
            "response-content-disposition": Download(b"", filename).disposition,
        }
        query = urlencode(sorted(told.items()), quote_via=quote, safe="~")
        place, host = f"/{quote(self._bucket)}/{quote(name, safe='/~')}", urlsplit(GOOGLE).netloc
        request = f"GET\n{place}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signed = self._signed(f"{ALGORITHM}\n{told['X-Goog-Date']}\n{scope}\n{digest}")
        return f"{GOOGLE}{place}?{query}&X-Goog-Signature={signed}"

    def remove(self, name: str) -> None:
        """
        Remove a document.

        Raises:
            ProviderDown: It is not removed; try again.
        """
        answer = self._caller.request("DELETE", self._object(name))
        if answer.status not in {204, 404} and (answer.status, answer.body) != (200, b""):
            raise _down(answer)

    def remove_all(self, under: str) -> None:
        """
        Remove every document under a name, a page of them after the other.

        Raises:
            ProviderDown: Not all are removed; try again.
        """
        seen, token = set[str](), ""
        while token or not seen:
            seen.add(token)
            names, token = self._page(f"{under}/", token)
            if token in seen and token:
                raise ProviderDown(f"{WHO} tells of the same page again", retry_after_s=10)
            for name in names:
                self.remove(name)

    def _page(self, prefix: str, token: str) -> tuple[list[str], str]:
        """Return some of the names that begin so, and what the next page is asked by."""
        asked = {"prefix": prefix, "fields": "items(name),nextPageToken"}
        query = urlencode(asked | ({"pageToken": token} if token else {}))
        answer = self._caller.request("GET", f"{self._objects}?{query}")
        if answer.status != 200:
            raise _down(answer)
        with reading(WHO):
            names = [one["name"] for one in answer.parsed.get("items", ())]
            if not all(name.startswith(prefix) for name in names):
                raise ValueError("another name")
            return names, str(answer.parsed.get("nextPageToken") or "")

    @property
    def _objects(self) -> str:
        return f"{self._base}/storage/v1/{path('b', self._bucket, 'o')}"

    def _object(self, name: str) -> str:
        return f"{self._base}/storage/v1/{path('b', self._bucket, 'o', name)}"

    def _signed(self, text: str) -> str:
        """Have a text signed by the key of our account, which Google keeps."""
        account = path("projects", "-", "serviceAccounts", self._account)
        body = json.dumps({"payload": base64.b64encode(text.encode()).decode()}).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self._signer}/v1/{account}:signBlob"
        answer = self._signing.request("POST", url, body=body, headers=headers)
        with suppress(ValueError, KeyError, TypeError):
            if answer.status == 200:
                return base64.b64decode(answer.parsed["signedBlob"], validate=True).hex()
        raise ProviderDown(f"the signer of links answered {answer.status}", retry_after_s=10)


def _sound(answer: Answer) -> bool:
    """Say whether a body is what Storage says that it sent, as it always does, in one header or in two."""
    said = (value for name, value in answer.headers.items() if name.lower() == "x-goog-hash")
    told = dict(one.strip().partition("=")[::2] for one in ",".join(said).split(","))
    checksum = base64.b64encode(crc32c(answer.body).to_bytes(4, "big")).decode()
    return told.get("crc32c") == checksum


def _absent() -> NotFound:
    return NotFound("there is no such file", rule="file_unknown")


def _down(answer: Answer) -> ProviderDown:
    return ProviderDown(f"{WHO} answered {answer.status}", retry_after_s=10)


def _metadata(name: str, content: Content) -> dict[str, str]:
    """Return what the object is to be; Storage refuses a body that does not have this digest."""
    digest = hashlib.md5(content.data, usedforsecurity=False).digest()
    return {
        "name": name,
        "contentType": content.media_type,
        "md5Hash": base64.b64encode(digest).decode(),
    }


def _multipart(boundary: str, metadata: dict[str, str], content: Content) -> bytes:
    """Return both parts of a multipart upload (RFC 2387)."""
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n"
        f"{json.dumps(metadata)}\r\n"
        f"--{boundary}\r\nContent-Type: {content.media_type}\r\n\r\n"
    )
    return head.encode() + content.data + f"\r\n--{boundary}--\r\n".encode()
