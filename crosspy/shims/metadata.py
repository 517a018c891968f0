"""The metadata of a source distribution, where it says itself that the wheel's will be the same (PEP 643).

pip asks a back end for the metadata before it asks for the wheel, and meson-python, scikit-build-core and their like
configure the whole project to answer: for NumPy or pandas that is minutes, and ``crosspy lock`` wants nothing else. From
Metadata-Version 2.2 on, PKG-INFO names what is not known before a build in ``Dynamic`` fields. Where nothing of that
decides what is installed, PKG-INFO is the answer, and the back end is not started. A wheel that says otherwise then is
an error (:func:`contradictions`): what was resolved, and perhaps locked, is not what was built.
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
    text = stated(os.getcwd())
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


def stated(source: str) -> bytes:
    """Return PKG-INFO of an unpacked source distribution, if it holds for what is built of it; else nothing."""
    if os.environ.get("CROSSPY_METADATA") == "build":
        return b""
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


def contradictions(text: bytes, wheel: str, metadata: bytes) -> list[str]:
    """Return a sentence for the first thing in a wheel's metadata that PKG-INFO states otherwise.

    :param text: what :func:`stated` returned. :param wheel: its file's name. :param metadata: its ``METADATA``.
    """
    return [
        f"{wheel}: {field}: PKG-INFO of the source distribution says {one}, the wheel that was built of it {two}. pip went by "
        "PKG-INFO, which says that it holds for the wheel (PEP 643); the wheel was not accepted.\n\n"
        "hint: report it to the project. To let its back end tell the metadata, which may take long: CROSSPY_METADATA=build"
        for field, one, two in _differences(_parsed(text), _parsed(metadata))[:1]
        if text
    ]


def _differences(sdist: "Message", wheel: "Message") -> list[tuple[str, str, str]]:
    """Return field, what the source distribution says, and what the wheel says."""
    found = []
    versions = sdist.get("Version", ""), wheel.get("Version", "")
    if _comparable(versions[0]) != _comparable(versions[1]):
        found.append(("Version", *versions))
    ours, theirs = (
        {_spaceless(line): line for line in one.get_all("Requires-Dist", [])} for one in (sdist, wheel)
    )
    # What was promised and is not there comes first.
    keys = [*sorted(ours.keys() - theirs.keys()), *sorted(theirs.keys() - ours.keys())]
    nothing = "nothing of it"
    return [*found, *(("Requires-Dist", ours.get(key, nothing), theirs.get(key, nothing)) for key in keys)]


def _comparable(version: str) -> list[str]:
    """Return the parts of a version's public part: two spellings of one version have the same (PEP 440)."""
    spelling = {
        "alpha": "a",
        "beta": "b",
        "c": "rc",
        "pre": "rc",
        "preview": "rc",
        "rev": "post",
        "r": "post",
    }
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower().partition("+")[0].removeprefix("v"))
    parts = [spelling.get(part, part.lstrip("0") or "0") for part in parts]
    while parts and parts[-1] == "0":
        parts.pop()
    return parts


def _spaceless(requirement: str) -> str:
    """Return a requirement without what back ends write in several ways: case, quotes, blanks, brackets, the order of versions."""
    needed, _, marker = requirement.lower().replace("_", "-").replace('"', "'").partition(";")
    name, extras, versions = re.fullmatch(r"([\s\w.-]*)(\[[^\]]*\])?(.*)", needed, re.DOTALL).groups("")  # type: ignore[union-attr]
    parts = [
        name,
        *sorted(extras.strip("[]").split(",")),
        "",
        *sorted(versions.strip("() ").split(",")),
        marker,
    ]
    return ";".join(re.sub(r"[\s()]", "", part) for part in parts)


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
