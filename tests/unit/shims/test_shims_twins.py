"""What compilers read of a build requirement is the target's build of it; what runs is the build machine's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sample_targets import put

LIBRARY = Path("lib", "python3.11", "site-packages")
CONFIGURED = "#define NPY_SIZEOF_LONG 8\n"


def distribution(root: Path, name: str, files: dict[str, str], version: str = "1.0") -> Path:
    """Install ``files`` as a distribution below ``root``, with its RECORD."""
    entry = f"{name}-{version}.dist-info"
    record = "".join(f"{file},,\n" for file in [*files, f"{entry}/RECORD"])
    return put(root / LIBRARY, {**files, f"{entry}/RECORD": record})


@pytest.fixture
def twins(shims, tmp_path, monkeypatch):
    module = shims().load("twins")
    monkeypatch.setattr(module, "ROOT", str(tmp_path / "env"))
    monkeypatch.delenv("CROSSPY_RUN", raising=False)
    return module


@pytest.fixture
def built(twins, monkeypatch):
    """The requirements that had to be built for the target; each is made without files."""
    asked: list[str] = []

    def build(requirement, kept, _words):
        asked.append(requirement)
        Path(kept).mkdir(parents=True)

    monkeypatch.setattr(twins, "_build", build)
    return asked


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        ({"p/_core.so": "", "p/x.h": CONFIGURED}, True),
        ({"p/_core.so": "", "p/x.h": "# define FOO_ALIGNOF_DOUBLE (8)\n"}, True),
        ({"p/_core.so": "", "p/lib/libp.a": ""}, True),
        ({"p/libarrow.so.2300": "", "p/include/arrow.h": ""}, True),
        ({"p/lib/libtorch.so": "", "p/include/torch.hpp": ""}, True),
        # Nothing that is compiled against, or nothing of one machine.
        ({"p/_core.so": "", "p/x.h": "#define SIZE 8\n"}, False),
        ({"p/_core.so": "", "p/x.h": "#define SIZEOF_LONG __SIZEOF_LONG__\n"}, False),
        ({"p/x.h": CONFIGURED}, False),
        ({"p/libp.so": ""}, False),
        ({"p/x.h": "", "p/_core.so": "", "p.libs/libgfortran-040039e1.so.5.0.0": ""}, False),
    ],
)
def test_which_packages_need_their_twin(twins, built, tmp_path, files, needed):
    library = distribution(tmp_path / "iso", "p", files)
    twins.complete(str(library), [])
    assert built == (["p==1.0"] if needed else [])


def test_what_compilers_read_is_replaced(twins, built, tmp_path):
    native = {"p/x.h": CONFIGURED, "p/_core.so": "native", "p/p.py": "native", "p/libp.so.1": "native"}
    target = {
        "p/x.h": "target",
        "p/only_there.h": "target",
        "p/_core.so": "target",
        "p/p.py": "target",
        "p/libp.so.1": "target",
    }
    library = distribution(tmp_path / "iso", "p", native)
    shared = tmp_path / "shared"
    os.link(library / "p" / "x.h", shared)
    distribution(tmp_path / "env", "P", target)
    twins.complete(str(library), [])
    assert built == []
    found = {name: (library / name).read_text() for name in target}
    assert found == {
        "p/x.h": "target",
        "p/only_there.h": "target",
        "p/_core.so": "native",
        "p/p.py": "native",
        "p/libp.so.1": "native",
    }
    assert shared.read_text() == CONFIGURED  # a link of pip's or uv's cache is not written through
    mirror = library.parent / "target-packages" / "p"
    assert sorted(path.name for path in mirror.iterdir()) == ["libp.so", "libp.so.1"]
    assert {path.read_text() for path in mirror.iterdir()} == {"target"}
    twins.complete(str(library), [])  # a second installation into the same environment


# Without build isolation.

NATIVE = {"p/_core.so": "", "p/x.h": CONFIGURED}


@pytest.fixture
def notes(twins, tmp_path, monkeypatch):
    """Return a function that notes the build layer's packages, and returns what the launchers will read."""
    monkeypatch.setattr(twins.buildfacts, "PACKAGE_DIRS", (str(tmp_path / "sysroot" / LIBRARY),))
    (tmp_path / "env" / "crosspy").mkdir(parents=True)

    def note(*names: str) -> dict[str, str]:
        twins.note_layer([str(tmp_path / name / LIBRARY) for name in names or ("layer",)])
        found = (tmp_path / "env" / "crosspy" / "target-packages").iterdir()
        return {path.name: path.read_text() for path in found if path.name != ".listing"}

    return note


def test_a_package_of_the_layer_is_noted_with_its_target(notes, tmp_path):
    distribution(tmp_path / "layer", "p", NATIVE)
    distribution(tmp_path / "layer", "pure", {"pure/x.h": ""})
    distribution(tmp_path / "sysroot", "P", NATIVE)
    assert notes() == {"p": f"{tmp_path / 'sysroot' / LIBRARY}\n"}
    distribution(tmp_path / "env", "p", NATIVE)
    assert notes() == {"p": f"{tmp_path / 'env' / LIBRARY}\n"}


def test_a_package_of_the_sysroot_without_a_record_counts(notes, tmp_path):
    distribution(tmp_path / "layer", "p", NATIVE)
    place = distribution(tmp_path / "sysroot", "p", NATIVE)
    (place / "p-1.0.dist-info" / "RECORD").unlink()
    assert notes() == {"p": f"{tmp_path / 'sysroot' / LIBRARY}\n"}
    (place / "p-1.0.dist-info" / "top_level.txt").write_text("q\n")
    (tmp_path / "env" / "crosspy" / "target-packages" / ".listing").unlink()
    assert notes()["p"].startswith("\n")


def test_a_package_without_its_target_is_noted_with_what_to_do(notes, tmp_path):
    distribution(tmp_path / "layer", "p", NATIVE)
    distribution(tmp_path / "sysroot", "P", NATIVE, version="2.0")
    (text,) = notes().values()
    assert text.startswith("\ncrosspy: error: p==1.0 of the build machine")
    assert "which have p 2.0" in text
    assert "p==1.0" in text


def test_the_first_layer_wins_and_what_was_removed_is_forgotten(notes, tmp_path):
    distribution(tmp_path / "layer", "p", NATIVE, version="1.0")
    distribution(tmp_path / "system", "p", NATIVE, version="2.0")
    distribution(tmp_path / "sysroot", "p", NATIVE, version="1.0")
    assert notes("layer", "system") == {"p": f"{tmp_path / 'sysroot' / LIBRARY}\n"}
    shutil.rmtree(tmp_path / "layer" / LIBRARY / "p-1.0.dist-info")
    assert notes("layer", "system")["p"].startswith("\n")
    shutil.rmtree(tmp_path / "system" / LIBRARY / "p-2.0.dist-info")
    assert notes("layer", "system") == {}


def test_nothing_is_looked_at_again_while_nothing_was_installed(notes, twins, tmp_path, monkeypatch):
    distribution(tmp_path / "layer", "p", NATIVE)
    before = notes()
    monkeypatch.setattr(twins, "_notes_of", None)
    assert notes() == before


def test_another_version_is_no_twin(twins, built, tmp_path):
    files = {"p/_core.so": "", "p/x.h": CONFIGURED}
    library = distribution(tmp_path / "iso", "p", files)
    distribution(tmp_path / "env", "p", files, version="1.1")
    twins.complete(str(library), [])
    assert built == ["p==1.0"]


def test_exposed_metadata_are_no_twin(twins, built, tmp_path):
    library = distribution(tmp_path / "iso", "p", {"p/_core.so": "", "p/x.h": CONFIGURED})
    distribution(tmp_path / "env", "p", {})
    twins.complete(str(library), [])
    assert built == ["p==1.0"]


def test_sources_first_then_what_is_published(twins, tmp_path, monkeypatch, capsys):
    """A package without sources (jaxlib) is compiled against as its project publishes it."""
    policies = []

    class Done:
        stdout = b"no sources\n"

        def __init__(self, policy):
            self.returncode = 0 if policy == "auto" else 1

    def run(words, *, env, **_options):
        policies.append(env["CROSSPY_POLICY"])
        return Done(env["CROSSPY_POLICY"])

    monkeypatch.setattr(twins.subprocess, "run", run)
    twins._wheel("p==1.0", str(tmp_path), [])
    assert policies == ["sdist", "auto"]
    monkeypatch.setattr(Done, "__init__", lambda self, policy: setattr(self, "returncode", 1))
    with pytest.raises(twins.TwinError, match=r"p==1\.0 is a build requirement"):
        twins._wheel("p==1.0", str(tmp_path), [])
    assert "no sources" in capsys.readouterr().err
