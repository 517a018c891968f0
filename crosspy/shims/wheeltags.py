"""Wheel tags as pip sees them: which wheels it takes. Others get what packaging says on the target.

A prebuilt wheel of the target's libc and machine may hold modules that its Python never imports, for their names: OE-core's
says ``-linux`` where others say ``-linux-gnu`` (crosspy/model/tags.py). Those of the stable ABI are named alike everywhere.
"""

from types import ModuleType

from . import facts, replace

TYPE_CHECKING = False  # typing's own would have to be imported
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def apply(module: ModuleType) -> None:
    tags = module.cpython_tags

    def cpython_tags(*args: "Any", **options: "Any") -> "Iterator[Any]":
        return (tag for tag in tags(*args, **options) if _is_found(tag.abi, tag.platform))

    replace(module, "cpython_tags", cpython_tags)


def _is_found(abi: str, platform: str) -> bool:
    policy = platform.partition("_")[0]
    if policy.startswith("manylinux"):
        policy = "manylinux"  # and not manylinux2014
    return abi.startswith(("abi3", "none")) or policy == "linux" or policy in facts.NAMED_AS
