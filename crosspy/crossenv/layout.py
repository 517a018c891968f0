"""Where things are inside a cross environment.

::

    ENV/pyvenv.cfg                            makes bin/python a virtual environment of the build Python
    ENV/bin/                                  python pip cross-* build-* activate
    ENV/lib/pythonX.Y/site-packages/          what `pip install` puts there: packages of the target
    ENV/lib/pythonX.Y/site-packages/_crosspy/ the runtime shims (crosspy/shims), with the target's facts
    ENV/build/                                a virtual environment of the build machine, for build tools
    ENV/crosspy/target.json                   the target description
    ENV/crosspy/tools/                        compiler launchers: first on PATH
    ENV/crosspy/cross.ini toolchain.cmake ... tool files
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from crosspy.errors import CrosspyError, EnvironmentDirError
from crosspy.model.target import Target, from_json


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossEnv:
    """A complete cross environment on disk."""

    root: Path
    target: Target

    @property
    def python(self) -> Path:
        """cross-python: runs on the build machine, answers as the target."""
        return self.root / "bin" / "python"

    @property
    def build_python(self) -> Path:
        """The environment's native Python, in its own virtual environment, without any pretence."""
        return self.root / "build" / "bin" / "python"

    @property
    def tools(self) -> Path:
        return self.root / "crosspy" / "tools"


def open_env(root: Path) -> CrossEnv:
    """Open the cross environment at ``root``.

    :raises EnvironmentDirError: if there is none, or not one of this version.
    """
    target_json = root / "crosspy" / "target.json"
    try:
        text = target_json.read_text(encoding="utf-8")
    except OSError as error:
        raise EnvironmentDirError(
            f"{root} is not a cross environment: {target_json}: {error.strerror}",
            hint=f"Make one with: crosspy create {root} --sysroot DIR",
        ) from None
    try:
        target = from_json(text, origin=str(target_json))
    except CrosspyError as error:
        raise EnvironmentDirError(
            error.message, hint=f"Make it anew: crosspy create --clear {root} --sysroot DIR"
        ) from None
    return CrossEnv(root=root, target=target)


def read_variables(env: CrossEnv) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Return the variables of a build in ``env``, and ``--env``'s (name, operator, value).

    :raises EnvironmentDirError: if the environment's own record of them is damaged.
    """
    path = env.root / "crosspy" / "variables.json"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        variables = {
            str(name): str(value).replace("{ROOT}", str(env.root))
            for name, value in plain["variables"].items()
        }
        changes = [(str(name), str(operator), str(value)) for name, operator, value in plain["changes"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EnvironmentDirError(
            f"{path}: {error}", hint=f"Make the environment anew: crosspy create --clear {env.root} ..."
        ) from None
    return variables, changes
