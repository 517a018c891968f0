"""The metadata of a source distribution, where it says itself that the wheel's will be the same (PEP 643).

pip asks a back end for the metadata before it asks for the wheel, and meson-python, scikit-build-core and their like
configure the whole project to answer: for NumPy or pandas that is minutes, and ``crosspy lock`` wants nothing else. From
Metadata-Version 2.2 on, PKG-INFO names what is not known before a build in ``Dynamic`` fields. Where nothing of that
decides what is installed, PKG-INFO is the answer, and the back end is not started.
"""

import json
import os
import re

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from email.message import Message

MARK = "crosspy-pkg-info"
"""A file that lies beside METADATA: this is no directory for the back end to make the wheel's own from."""

_DECIDES = frozenset({
    "metadata-version", "name", "version", "requires-dist", "requires-python", "provides-extra", "requires-external",
})  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]{1,100}")


def answer(argv: list[str]) -> bool:
    """Answer a PEP 517 hook, if that can be done without its back end; True if it was.

    :param argv: the command line of this process. A hook's ends with ``_in_process.py HOOK DIR``, and its call and
        answer are files in DIR: ``input.json``, ``output.json`` (pyproject_hooks, ``_in_process.py``).
    """
    hook, control = argv[-2:]
    if not argv[-3].endswith("_in_process.py"):
        return False
    try:
        if hook == "build_wheel":
            _forget(os.path.join(control, "input.json"))
        return hook == "prepare_metadata_for_build_wheel" and _prepare(control)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _prepare(control: str) -> bool:
    with open(os.path.join(control, "input.json"), encoding="utf-8") as file:
        place = json.load(file)["kwargs"]["metadata_directory"]
    text = _known(os.getcwd())
    if not text:
        return False
    message = _parsed(text)
    name = re.sub(r"[-_.]+", "_", message["Name"]).lower()
    made = f"{name}-{message['Version'].replace('-', '_')}.dist-info"
    os.mkdir(os.path.join(place, made))
    for file_name, content in (("METADATA", text), (MARK, b"")):
        with open(os.path.join(place, made, file_name), "wb") as file:
            file.write(content)
    with open(os.path.join(control, "output.json"), "w", encoding="utf-8") as file:
        json.dump({"unsupported": False, "return_val": made}, file)
    return True


def _forget(path: str) -> None:
    """Let ``build_wheel`` make its own metadata: PKG-INFO is without entry points and licences."""
    with open(path, encoding="utf-8") as file:
        call = json.load(file)
    place = call["kwargs"].get("metadata_directory")
    if place and os.path.exists(os.path.join(place, MARK)):
        call["kwargs"]["metadata_directory"] = None
        with open(path, "w", encoding="utf-8") as file:
            json.dump(call, file)


def _known(source: str) -> bytes:
    """Return PKG-INFO of an unpacked source distribution, if it holds for what is built of it; else nothing."""
    # A checkout or somebody's own directory may have one that is older than the rest.
    unpacked = any(part.startswith("pip-") for part in source.split(os.sep)[-2:])
    if not unpacked or any(os.path.lexists(os.path.join(source, name)) for name in (".git", ".hg", ".svn")):
        return b""
    try:
        with open(os.path.join(source, "PKG-INFO"), "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return b""
    return text if _holds(_parsed(text)) else b""


def _parsed(text: bytes) -> "Message":
    from email.parser import BytesHeaderParser

    return BytesHeaderParser().parsebytes(text)


def _holds(message: "Message") -> bool:
    version = re.fullmatch(r"2\.(\d{1,2})", message.get("Metadata-Version", ""))
    dynamic = {field.strip().lower() for field in message.get_all("Dynamic", [])}
    return (
        version is not None
        and int(version[1]) >= 2
        and not dynamic & _DECIDES
        and _NAME.fullmatch(message.get("Name", "")) is not None
        and _VERSION.fullmatch(message.get("Version", "")) is not None
    )
