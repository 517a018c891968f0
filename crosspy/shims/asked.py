"""What the source distributions that pip looks into ask to be built with: ``crosspy lock`` wants to know.

``CROSSPY_ASKED`` names a file; it gets a line of JSON for each time that pip fills a build environment: the address of
the source distribution, and the requirements, chosen for the target.
"""

import json
import os
from types import ModuleType


def apply(module: ModuleType) -> None:
    """Let pip say which source distribution it looks into: the names are the same from pip 22.2 to 26."""
    distribution = getattr(module, "SourceDistribution", None)
    if not wanted() or distribution is None:
        return
    prepare = distribution.prepare_distribution_metadata

    def prepare_and_tell(self: object, *args: object, **options: object) -> object:
        link = getattr(getattr(self, "req", None), "link", None)
        os.environ["CROSSPY_SDIST"] = getattr(link, "url_without_fragment", "")
        return prepare(self, *args, **options)

    distribution.prepare_distribution_metadata = prepare_and_tell


def wanted() -> bool:
    return "CROSSPY_ASKED" in os.environ


def note(words: list[str]) -> None:
    """Write down what ``words``, the command line of a pip that fills a build environment, asks for."""
    if not wanted() or "--" not in words:
        return
    line = {"source": os.environ.get("CROSSPY_SDIST", ""), "asked": words[words.index("--") + 1 :]}
    with open(os.environ["CROSSPY_ASKED"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
