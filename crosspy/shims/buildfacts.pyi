# What `crosspy.toolfiles.facts.build_facts_module` writes.

from typing import Any, Final

BARE_LINK: Final[dict[str, str]]
BUILD_ENV: Final[dict[str, str]]
BUILD_UNSET: Final[tuple[str, ...]]
BUILD_DEFAULTS: Final[dict[str, str]]
USER_ENV: Final[tuple[tuple[str, str, str], ...]]
EMULATOR: Final[bool]
HINTS: Final[tuple[dict[str, Any], ...]]
LAUNCHERS: Final[dict[str, str]]
MANAGED: Final[tuple[str, ...]]
ELF: Final[tuple[int, int, str]]
TRIPLET: Final[str]
CPU: Final[str]
CPU_ALIASES: Final[tuple[str, ...]]
FLAGS: Final[tuple[str, ...]]
CROSS_PREFIX: Final[str]
PREFIX: Final[str]
PYTHON: Final[str]
SYSROOT: Final[str]
PACKAGE_DIRS: tuple[str, ...]
LIBRARY_DIRS: Final[tuple[str, ...]]
