"""The questions of PEP 720's introspection list: asked of the target's own Python and of cross-python.

Run as a program by either; prints one JSON object. Standard library only, but for ``packaging``, whose directory is
the first argument.
"""

import importlib.machinery
import json
import os
import platform
import struct
import sys
import sysconfig
import warnings

sys.path.append(sys.argv[1])
warnings.simplefilter("ignore")

answers = {}


def ask(name, function):
    try:
        value = function()
    except Exception as error:  # noqa: BLE001 -- an exception is an answer, too
        value = f"raises {type(error).__name__}: {error}"
    answers[name] = value if isinstance(value, str) else repr(value)


for attribute in (
    "abiflags", "api_version", "base_prefix", "base_exec_prefix", "byteorder", "builtin_module_names", "exec_prefix",
    "executable", "float_info", "hash_info", "hexversion", "implementation", "int_info", "maxsize", "maxunicode",
    "platform", "platlibdir", "prefix", "thread_info", "version", "version_info", "copyright", "float_repr_style",
):  # fmt: skip
    ask(f"sys.{attribute}", lambda a=attribute: getattr(sys, a))
ask("sys.implementation.cache_tag", lambda: sys.implementation.cache_tag)
ask("sys.implementation._multiarch", lambda: sys.implementation._multiarch)
ask("sys.version_info >= (3, 8)", lambda: sys.version_info >= (3, 8) and tuple(sys.version_info))

ask("os.uname", os.uname)
ask("os.confstr libc", lambda: os.confstr("CS_GNU_LIBC_VERSION"))
ask("os.confstr pthread", lambda: os.confstr("CS_GNU_LIBPTHREAD_VERSION"))

for suffixes in ("EXTENSION", "SOURCE", "BYTECODE", "DEBUG_BYTECODE", "OPTIMIZED_BYTECODE"):
    ask(
        f"importlib.machinery.{suffixes}_SUFFIXES",
        lambda s=suffixes: getattr(importlib.machinery, f"{s}_SUFFIXES"),
    )
ask("importlib.machinery.all_suffixes()", importlib.machinery.all_suffixes)

for function in (
    "architecture", "machine", "node", "platform", "processor", "python_build", "python_compiler", "python_branch",
    "python_implementation", "python_revision", "python_version", "python_version_tuple", "release", "system",
    "version", "uname", "libc_ver", "freedesktop_os_release", "java_ver", "mac_ver", "win32_ver",
):  # fmt: skip
    ask(f"platform.{function}()", lambda f=function: getattr(platform, f)())
ask("platform.platform(terse)", lambda: platform.platform(terse=True))

ask("sysconfig.get_platform()", sysconfig.get_platform)
ask("sysconfig.get_python_version()", sysconfig.get_python_version)
ask("sysconfig.get_config_h_filename()", sysconfig.get_config_h_filename)
ask("sysconfig.get_makefile_filename()", sysconfig.get_makefile_filename)
ask("sysconfig.get_default_scheme()", sysconfig.get_default_scheme)
for name, path in sorted(sysconfig.get_paths().items()):
    ask(f"sysconfig.get_path({name})", lambda p=path: p)


def config_h():
    with open(sysconfig.get_config_h_filename()) as file:
        return sorted(sysconfig.parse_config_h(file).items())[:500]


ask("sysconfig.parse_config_h", config_h)
for name, value in sorted(sysconfig.get_config_vars().items()):
    ask(f"sysconfig.get_config_var({name})", lambda v=value: v)

for code in "cbB?hHiIlLqQnNfdPe":
    ask(f"struct.calcsize({code!r})", lambda c=code: struct.calcsize(c))
for text in ("@iq", "@bd", "=lq", "@3sl", "Pi", "@ci0l", "bP", "<lP" if False else "<l", "@dB", "@hlqP"):
    ask(f"struct.calcsize({text!r})", lambda t=text: struct.calcsize(t))


def ask_ctypes():
    import ctypes

    for name in (
        "c_bool", "c_byte", "c_char", "c_char_p", "c_double", "c_float", "c_int", "c_int16", "c_int64", "c_long",
        "c_longdouble", "c_longlong", "c_short", "c_size_t", "c_ssize_t", "c_uint", "c_ulong", "c_ulonglong",
        "c_void_p", "c_wchar", "c_wchar_p", "py_object",
    ):  # fmt: skip
        ask(f"ctypes.sizeof({name})", lambda n=name: ctypes.sizeof(getattr(ctypes, n)))
        ask(f"ctypes.alignment({name})", lambda n=name: ctypes.alignment(getattr(ctypes, n)))

    class Mixed(ctypes.Structure):
        _fields_ = [
            ("a", ctypes.c_char),
            ("b", ctypes.c_double),
            ("c", ctypes.c_void_p),
            ("d", ctypes.c_long),
        ]

    class Either(ctypes.Union):
        _fields_ = [("a", ctypes.c_longlong), ("b", Mixed), ("c", ctypes.c_char * 5)]

    class Packed(ctypes.Structure):
        _layout_ = "ms"
        _pack_ = 2
        _fields_ = [("a", ctypes.c_char), ("b", ctypes.c_long)]

    ask("ctypes.sizeof(Structure)", lambda: ctypes.sizeof(Mixed))
    ask("ctypes.sizeof(Union)", lambda: ctypes.sizeof(Either))
    ask("ctypes.sizeof(packed)", lambda: ctypes.sizeof(Packed))
    ask("ctypes.sizeof(array)", lambda: ctypes.sizeof(Mixed * 3))
    ask("ctypes.sizeof(POINTER)", lambda: ctypes.sizeof(ctypes.POINTER(ctypes.c_int)))
    ask("ctypes.sizeof(CFUNCTYPE)", lambda: ctypes.sizeof(ctypes.CFUNCTYPE(None)))
    ask("ctypes.sizeof(instance)", lambda: ctypes.sizeof(ctypes.c_long(3)))


ask("import ctypes", lambda: ask_ctypes() or "works")


def ask_packaging():
    from packaging.markers import default_environment
    from packaging.tags import sys_tags

    answers["packaging.tags.sys_tags()"] = " ".join(str(tag) for tag in sys_tags())
    for name, value in sorted(default_environment().items()):
        answers[f"PEP 508 {name}"] = str(value)


ask("import packaging", lambda: ask_packaging() or "works")


def elf_header():
    with open(sys.executable, "rb") as file:
        header = file.read(20)
    return header[:7] + header[18:20]


ask("ELF header of sys.executable", elf_header)
ask("os.sep, os.pathsep, os.linesep", lambda: (os.sep, os.pathsep, os.linesep, os.name, os.devnull))
ask("os.pathconf", lambda: os.pathconf("/", "PC_NAME_MAX"))

json.dump(answers, sys.stdout)
