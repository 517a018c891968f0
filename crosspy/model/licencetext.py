"""Licence files that hold one well-known licence and nothing else, as SPDX identifiers.

Source: the SPDX licence list and its matching guidelines. Words are compared, all of them; names of holders are free, and
so are titles and copyright lines before the text. A text with anything added or left out is not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NAME: Final = r"\S+(?: \S+){0,12}?"
_BSD_START: Final = (
    "redistribution and use in source and binary forms with or without modification are permitted provided that the "
    "following conditions are met (?:[1a] )?redistributions of source code must retain the above copyright notice this list "
    "of conditions and the following disclaimer (?:[2b] )?redistributions in binary form must reproduce the above copyright "
    "notice this list of conditions and the following disclaimer in the documentation and or other materials provided with "
    "the distribution"
)
_BSD_NAMES: Final = (
    f"(?:[3c] )?neither the names? of {_NAME} nor the names of (?:its|their|any|the)(?: other)? contributors may be used to "
    "endorse or promote products derived from this software without specific prior written permission"
)
_BSD_END: Final = (
    f"this software is provided by {_NAME} as is and any express or implied warranties including but not limited to the "
    "implied warranties of merchantability and fitness for a particular purpose are disclaimed in no event shall "
    f"{_NAME} be liable for any direct indirect incidental special exemplary or consequential damages including but not "
    "limited to procurement of substitute goods or services loss of use data or profits or business interruption however "
    "caused and on any theory of liability whether in contract strict liability or tort including negligence or otherwise "
    "arising in any way out of the use of this software even if advised of the possibility of such damage"
)
_TEXTS: Final = {
    "BSD-2-Clause": f"{_BSD_START} {_BSD_END}",
    "BSD-3-Clause": f"{_BSD_START} {_BSD_NAMES} {_BSD_END}",
    "ISC": (
        "permission to use copy modify and or distribute this software for any purpose with or without fee is hereby granted "
        "provided that the above copyright notice and this permission notice appear in all copies the software is provided as "
        f"is and {_NAME} disclaims? all warranties with regard to this software including all implied warranties of "
        f"merchantability and fitness in no event shall {_NAME} be liable for any special direct indirect or consequential "
        "damages or any damages whatsoever resulting from loss of use data or profits whether in an action of contract "
        "negligence or other tortious action arising out of or in connection with the use or performance of this software"
    ),
    "MIT": (
        "permission is hereby granted free of charge to any person obtaining a copy of this software and associated "
        "documentation files the software to deal in the software without restriction including without limitation the rights "
        "to use copy modify merge publish distribute sublicense and or sell copies of the software and to permit persons to "
        "whom the software is furnished to do so subject to the following conditions the above copyright notice and this "
        "permission notice shall be included in all copies or substantial portions of the software the software is provided as "
        "is without warranty of any kind express or implied including but not limited to the warranties of merchantability "
        f"fitness for a particular purpose and noninfringement in no event shall {_NAME} be liable for any claim damages or "
        "other liability whether in an action of contract tort or otherwise arising from out of or in connection with the "
        "software or the use or other dealings in the software"
    ),
}  # fmt: skip
_PATTERNS: Final = {name: re.compile(text) for name, text in _TEXTS.items()}
_TITLE: Final = re.compile(
    r"(?:the )?(?:(?:new|modified|revised|simplified) )?(?:bsd|isc|mit)(?: [23] clause)?(?: \w+)? licen[cs]e(?: (?:bsd|isc|mit)(?: [23] clause)?)?"
    r"|licen[cs]e|copyright .*|c \d{4}.*|all rights reserved|"
)
_LIMIT: Final = 8192


def licence_of_texts(texts: Iterable[str]) -> str:
    """Return the licence that all of these files hold, or an empty string; one is enough that holds something else."""
    found = {_licence(text) for text in texts}
    return found.pop() if len(found) == 1 else ""


def _licence(text: str) -> str:
    if len(text) > _LIMIT:
        return ""
    lines = [_words(line) for line in text.splitlines()]
    while lines and _TITLE.fullmatch(lines[0]):
        del lines[0]
    words = " ".join(line for line in lines if line)
    return next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(words)), "")


def _words(line: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", line.lower().replace("©", "copyright")))
