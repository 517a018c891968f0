"""What a bill of materials has beside its contents: a time, and an identity that is derived from them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "pkg:pypi/crosspy")
EPOCH: Final = 315532800
"""1980-01-01, as in wheels, for documents that must have a time and are told none."""


def time_text(epoch: int) -> str:
    return dt.datetime.fromtimestamp(epoch, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(document: Mapping[str, Any]) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest())


def namespace(name: str, document: Mapping[str, Any]) -> str:
    """Return the address below which SPDX names the parts of a document; nobody has to be there."""
    return f"https://spdx.org/spdxdocs/{word(name)}-{identity(document)}"


def word(text: str) -> str:
    """Return a text in the letters that SPDX allows in its identifiers."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-") or "image"


def tail(name: str, version: str, purl: str) -> str:
    """Return the identifier of a component; two purls may be one word, and their digests tell them apart."""
    return f"{word(name)}-{word(version)}-{hashlib.sha256(purl.encode()).hexdigest()[:8]}"
