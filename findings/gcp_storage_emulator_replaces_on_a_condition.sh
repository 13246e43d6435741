#!/usr/bin/env bash
# gcp-storage-emulator 2026.7.19: a condition of an upload is not looked at, and what was there is replaced.
#
# Seen: Google's own client uploads with `if_generation_match=0`, which Cloud Storage answers 412 where there is such an
# object. The emulator answers 200 and keeps the second content. What must be written once cannot be tested on it.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check gcp-storage-emulator==2026.7.19 google-cloud-storage==3.17.1
STORAGE_EMULATOR_HOST=http://127.0.0.1:0 env/bin/python - <<'PYTHON'
import os
import socket

from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
os.environ["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
server = create_server("127.0.0.1", port, in_memory=True, default_bucket="b")
server.start()
try:
    blob = Client("p", credentials=AnonymousCredentials()).bucket("b").blob("once")
    blob.upload_from_string(b"first", if_generation_match=0)
    blob.upload_from_string(b"second", if_generation_match=0)
    assert blob.download_as_bytes() == b"second", "it looks at the condition now"
finally:
    server.stop()
PYTHON
