"""Files from servers: certificates, proxies and credentials as pip has them, several at once, each file whole or not at all.

A download that was broken off is a hidden file beside its place, where the next run goes on (RFC 9110, "Range Requests").
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import importlib
import importlib.util
import netrc
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from crosspy.build.downloads import download_options
from crosspy.errors import FetchError
from crosspy.model.lock import Artifact

_CHUNK: Final = 1 << 16
_ATTEMPTS: Final = 4
_TLS: Final[Any] = importlib.import_module("ssl") if importlib.util.find_spec("_ssl") else None
"""Python's ssl, None where it was built without, as Buildroot's host-python3 is unless asked."""
_BROKEN: Final[tuple[type[Exception], ...]] = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
    *([_TLS.SSLError] if _TLS else []),
)
_AGAIN: Final = "The same command goes on where this one stopped."


@dataclass(frozen=True, kw_only=True, slots=True)
class Transport:
    """How servers are reached."""

    certificates: str = ""
    client_certificate: str = ""
    proxy: str = ""
    untrusted: frozenset[str] = frozenset()
    """Hosts whose certificates are not looked at (pip's ``trusted-host``)."""
    timeout: float = 60
    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """User and password, by host (with port, if there is one)."""

    def open(self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Any:
        """Return the response. :raises OSError: and http.client.HTTPException, as urllib does."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        sent = {"User-Agent": "crosspy", "Accept-Encoding": "identity", **(headers or {})}
        if "@" in parts.netloc:
            user, _, password = parts.netloc.rpartition("@")[0].partition(":")
            login = (unquote(user), unquote(password))
        else:
            login = self.credentials.get(host, ("", ""))
        if login[0]:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        # RFC 3987: what is not ASCII is sent in percent-encoded UTF-8; what is encoded already stays.
        sent_parts = [quote(part, safe="%/:=&?~#+!$,;'@()*[]") for part in parts[2:]]
        request = urllib.request.Request(  # noqa: S310 -- the schemes are looked at by whoever asks
            urlunsplit((parts.scheme, host, *sent_parts)), method=method, headers=sent
        )
        handlers: list[Any] = [_KeepSecrets()]
        if parts.scheme == "https":
            context = self._context(host)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        if self.proxy:
            handlers.append(urllib.request.ProxyHandler({"http": self.proxy, "https": self.proxy}))
        try:
            return urllib.request.build_opener(*handlers).open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            error.close()
            raise

    def _context(self, host: str) -> Any:
        if not _TLS:
            raise FetchError(
                f"{sys.executable} has no ssl: it cannot download from https://{host}",
                hint="Run crosspy with a Python that was built with OpenSSL (Buildroot: BR2_PACKAGE_HOST_PYTHON3_SSL).",
            )
        context = _TLS.create_default_context(cafile=self.certificates or None)
        if self.client_certificate:
            context.load_cert_chain(self.client_certificate)
        if {host, host.partition(":")[0]} & self.untrusted:
            context.check_hostname = False
            context.verify_mode = _TLS.CERT_NONE
        return context


class _KeepSecrets(urllib.request.HTTPRedirectHandler):
    """A redirection to another host does not get the credentials of this one."""

    def redirect_request(  # noqa: PLR0917 -- urllib's
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


def transport_of(environ: Mapping[str, str], options: Sequence[str] | None = None) -> Transport:
    """Return a transport for the caller's pip configuration (``options``, as pip takes them), variables and ``.netrc``."""
    words = download_options(Path(sys.executable), environ) if options is None else options
    given: dict[str, list[str]] = {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        given.setdefault(name, []).append(value)

    def last(name: str) -> str:
        return given.get(name, [""])[-1]

    try:
        timeout = float(last("--timeout") or 60)
    except ValueError:
        timeout = 60
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return Transport(
        certificates=last("--cert") or next((environ[name] for name in variables if environ.get(name)), ""),
        client_certificate=last("--client-cert"),
        proxy=last("--proxy"),
        untrusted=frozenset(given.get("--trusted-host", ())),
        timeout=timeout,
        credentials=_credentials(
            environ, [*given.get("--index-url", ()), *given.get("--extra-index-url", ())]
        ),
    )


def _credentials(environ: Mapping[str, str], indexes: Sequence[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    path = environ.get("NETRC") or (f"{environ['HOME']}/.netrc" if environ.get("HOME") else "")
    with contextlib.suppress(OSError, ValueError, netrc.NetrcParseError):
        hosts = netrc.netrc(path).hosts if path else {}
        found |= {host: (login, password or "") for host, (login, _, password) in hosts.items()}
    for index in indexes:
        login, at, host = urlsplit(index).netloc.rpartition("@")
        if at:
            user, _, password = login.partition(":")
            found[host] = (unquote(user), unquote(password))
    return found


# ------------------------------------------------------------------------------------------------------- files


def content_length(url: str, transport: Transport) -> int | None:
    """Return the size of what is at ``url``, if its server tells."""
    try:
        with transport.open(url, method="HEAD") as response:
            text = response.headers.get("Content-Length", "")
    except (http.client.HTTPException, OSError, ValueError):
        return None
    return int(text) if text.isdecimal() else None


def check_file(path: Path, artifact: Artifact) -> str:
    """Return what is wrong with a file that should be ``artifact``; empty if it is that. :raises OSError:

    An artifact without a hash is one that is not locked yet.
    """
    size = path.stat().st_size
    if artifact.size is not None and size != artifact.size:
        return f"has {size} bytes, the lock says {artifact.size}"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return (
        "" if artifact.sha256 in {digest, ""} else f"has the sha256 {digest}, the lock says {artifact.sha256}"
    )


def download_all(
    artifacts: Sequence[Artifact],
    directory: Path,
    *,
    base: Path,
    transport: Transport,
    told: Callable[[Artifact], None] = lambda _artifact: None,
    jobs: int = 6,
) -> None:
    """Put files into ``directory``, several at once; after a failure no new one is begun.

    :param base: the directory of the lock, from which its paths are.
    :raises FetchError: the first failure; files that are complete stay, and none that is wrong.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {
            pool.submit(download, one, directory, base=base, transport=transport): one for one in artifacts
        }
        done, waiting = wait(futures, return_when=FIRST_EXCEPTION)
        for future in waiting:
            future.cancel()
    for future, artifact in futures.items():
        if future in done and not future.cancelled():
            future.result()
            told(artifact)


def download(artifact: Artifact, directory: Path, *, base: Path, transport: Transport) -> None:
    """Put one file into ``directory``. :raises FetchError: if it cannot be had, or is another one than the lock names."""
    partial = directory / f".{artifact.name}.part"
    try:
        _get(artifact, partial, base, transport)
        wrong = check_file(partial, artifact)
        if wrong:
            partial.unlink()
            raise FetchError(
                f"{artifact.name} from {shown(artifact.url or artifact.path)} {wrong}",
                hint="It was not kept. The file on the server was replaced, or the lock was changed by hand: "
                "find out which, then lock anew.",
            )
        partial.replace(directory / artifact.name)
    except OSError as error:
        raise FetchError(f"cannot write {directory / artifact.name}: {error.strerror or error}") from None


def _get(artifact: Artifact, partial: Path, base: Path, transport: Transport) -> None:
    scheme = urlsplit(artifact.url).scheme
    if not artifact.url or scheme == "file":
        source = base / artifact.path if not artifact.url else Path(unquote(urlsplit(artifact.url).path))
        if not source.is_file():
            raise FetchError(
                f"{artifact.name}: no such file: {source}",
                hint="The lock names it: put it there, or lock anew.",
            )
        shutil.copyfile(source, partial)
        return
    if scheme not in {"http", "https"}:
        raise FetchError(
            f"{artifact.name}: {shown(artifact.url)}: {scheme or 'no scheme'} is none that is fetched"
        )
    for attempt in range(_ATTEMPTS):
        try:
            _receive(artifact, partial, transport)
        except urllib.error.HTTPError as error:
            if error.code in {408, 425, 429, 500, 502, 503, 504} and attempt + 1 < _ATTEMPTS:
                time.sleep(2**attempt)
                continue
            raise FetchError(
                f"{artifact.name}: {shown(artifact.url)}: the server says {error.code} {error.reason}",
                hint="404: it was removed there; lock anew, or use a mirror. 401, 403: name user and password in ~/.netrc.",
            ) from None
        except (http.client.InvalidURL, UnicodeError) as error:  # no name of a host, no number of a port
            raise FetchError(
                f"{artifact.name}: {shown(artifact.url)} is no address that can be asked: {error}",
                hint="The lock was changed by hand: make it anew with crosspy lock.",
            ) from None
        except _BROKEN as error:
            if attempt + 1 < _ATTEMPTS:
                time.sleep(attempt)
                continue
            reason = getattr(error, "reason", None) or error
            raise FetchError(f"{artifact.name}: {shown(artifact.url)}: {reason}", hint=_AGAIN) from None
        else:
            return


def _receive(artifact: Artifact, partial: Path, transport: Transport) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    if have and artifact.size is not None and have >= artifact.size:
        if have == artifact.size:
            return
        partial.unlink()
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response = transport.open(artifact.url, headers=headers)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        partial.unlink()  # not the beginning of that file
        response = transport.open(artifact.url)
    with response, partial.open("ab" if response.status == 206 else "wb") as file:
        written = file.tell()
        while chunk := response.read(_CHUNK):
            written += file.write(chunk)
            if artifact.size is not None and written > artifact.size:
                break  # the check says what is wrong with it
        expected = response.headers.get("Content-Length", "")
    if artifact.size is not None and written < artifact.size and expected:
        raise ConnectionError(f"the connection ended after {written} of {artifact.size} bytes")


def shown(url: str) -> str:
    """Return a URL as messages show it: without user and password."""
    parts = urlsplit(url)
    return urlunsplit((parts[0], parts.netloc.rpartition("@")[2], *parts[2:]))
