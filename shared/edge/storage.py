"""
People's documents in Cloud Storage, by its JSON API; in a folder on one machine.

An object is only ever created. Its name says what is in it, so one that is there already is the same.
"""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.edge.addresses import path
from shared.edge.calls import Caller
from shared.edge.google_token import google_token
from shared.edge.keys import keep_private
from shared.errors import ProviderDown
from shared.files import Content

GOOGLE = "https://storage.googleapis.com"
CREATED, EXISTS = 200, 412


class FolderFiles:
    """The `Files` port in a folder."""

    def __init__(self, folder: str) -> None:
        """Name the folder; it is made for the first document."""
        self._folder = Path(folder)

    def keep(self, name: str, content: Content) -> None:
        """Keep a document, unless there is one of that name."""
        file = self._folder / name
        if not file.exists():
            keep_private(file, content.data)


class BucketFiles:
    """The `Files` port in a bucket."""

    def __init__(self, bucket: str, **options: Any) -> None:
        """
        Name the bucket; nothing is connected before the first document.

        Args:
            bucket: The bucket.

            options: How it is called, as `Caller` takes it.
        """
        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        self._url = (
            f"{emulator or GOOGLE}/upload/storage/v1/{path('b', bucket, 'o')}"
            "?uploadType=multipart&ifGenerationMatch=0"
        )
        token = {"token": None if emulator else google_token}
        self._caller = Caller("storage", **token | options)

    def keep(self, name: str, content: Content) -> None:
        """
        Keep a document, unless there is one of that name.

        The request may be sent again: if an earlier one was done, the object is there (`ifGenerationMatch=0`).

        Raises:
            ProviderDown: It is not kept, or arrived damaged; try again.
        """
        boundary = uuid4().hex
        body = _multipart(boundary, _metadata(name, content), content)
        headers = {"Content-Type": f"multipart/related; boundary={boundary}"}
        answer = self._caller.request("POST", self._url, body=body, headers=headers)
        if answer.status not in {CREATED, EXISTS}:
            raise ProviderDown(f"the object store answered {answer.status}", retry_after_s=10)


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
