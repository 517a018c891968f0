"""How the shims get started in an interpreter, and how a shell enters the environment."""

from __future__ import annotations

from typing import Final

PTH: Final = "import _crosspy; _crosspy.activate()\n"
"""Up to CPython 3.17. From 3.15 on a ``.start`` file of the same name takes its place (PEP 829)."""

START: Final = "_crosspy:activate\n"

SHELL: Final = r"""# Enter the cross environment: . ENV/bin/activate (sh, dash, bash, zsh, busybox). Leave it: deactivate
if [ -n "${BASH_SOURCE:-}" ]; then
  CROSSPY_ENV_DIR=$BASH_SOURCE
elif [ -n "${ZSH_VERSION:-}" ]; then
  CROSSPY_ENV_DIR=$(eval 'printf %s "${(%):-%x}"')
else
  # A POSIX shell does not tell a sourced file its own name; the place it was made for is the best guess.
  CROSSPY_ENV_DIR=@root@/bin/activate
fi
_crosspy_here=$CROSSPY_ENV_DIR
CROSSPY_ENV_DIR=$(cd -- "$(dirname -- "$CROSSPY_ENV_DIR")/.." 2>/dev/null && pwd)
if ! [ -f "$CROSSPY_ENV_DIR/crosspy/target.json" ]; then
  echo "activate: no cross environment at $_crosspy_here; was it moved? Use: export PATH=ENV/bin:\$PATH" >&2
  unset CROSSPY_ENV_DIR _crosspy_here
  return 1
fi
unset _crosspy_here

deactivate () {
  if [ -n "${_CROSSPY_OLD_PATH:-}" ]; then PATH=$_CROSSPY_OLD_PATH; export PATH; unset _CROSSPY_OLD_PATH; fi
  if [ -n "${_CROSSPY_OLD_PS1+set}" ]; then PS1=$_CROSSPY_OLD_PS1; unset _CROSSPY_OLD_PS1; fi
  if [ -n "${_CROSSPY_OLD_PYTHONHOME:-}" ]; then PYTHONHOME=$_CROSSPY_OLD_PYTHONHOME; export PYTHONHOME; unset _CROSSPY_OLD_PYTHONHOME; fi
  unset PYTHON_CROSSENV VIRTUAL_ENV CROSSPY_ENV_DIR
  hash -r 2>/dev/null
  if [ "${1:-}" != nondestructive ]; then unset -f deactivate; fi
}

if [ -n "${_CROSSPY_OLD_PATH:-}" ]; then PATH=$_CROSSPY_OLD_PATH; fi
_CROSSPY_OLD_PATH=$PATH
PATH=$CROSSPY_ENV_DIR/bin:$CROSSPY_ENV_DIR/crosspy/tools:$PATH
VIRTUAL_ENV=$CROSSPY_ENV_DIR
PYTHON_CROSSENV=1
export PATH VIRTUAL_ENV PYTHON_CROSSENV
if [ -n "${PYTHONHOME:-}" ]; then _CROSSPY_OLD_PYTHONHOME=$PYTHONHOME; unset PYTHONHOME; fi
if [ -n "${PS1:-}" ] && [ -z "${VIRTUAL_ENV_DISABLE_PROMPT:-}" ]; then
  _CROSSPY_OLD_PS1=${_CROSSPY_OLD_PS1-$PS1}
  PS1="(cross) $_CROSSPY_OLD_PS1"
fi
hash -r 2>/dev/null || :
"""
