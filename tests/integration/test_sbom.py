"""Bills of materials, held against their standards by the validators of those who wrote them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import run  # tests/integration/conftest.py

VALIDATORS = (
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "spdx-tools==0.8.5",
    "spdx-python-model==0.0.6",
)

VALIDATE = """
import io, logging, sys
from spdx_python_model.bindings import v3_0_1
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
logging.disable()
for path in sys.argv[1:]:
    if path.endswith(".cdx.json"):
        wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path).read())
        assert wrong is None, wrong
    elif path.endswith(".spdx3.json"):
        found = v3_0_1.SHACLObjectSet()
        v3_0_1.JSONLDDeserializer().read(open(path, "rb"), found)
        v3_0_1.JSONLDSerializer().write(found, io.BytesIO())  # looks at what must be there
        assert not found.missing_ids, found.missing_ids
    else:
        wrong = [str(one.validation_message) for one in validate_full_spdx_document(parse_file(path))]
        assert not wrong, wrong
print("valid")
"""

METADATA = """Metadata-Version: 2.4
Name: {name}
Version: 1.0
{more}
"""


@pytest.fixture(scope="module")
def validator(tmp_path_factory, pip_environ) -> Path:
    """A Python with the validators."""
    place = tmp_path_factory.mktemp("validators") / "venv"
    run([sys.executable, "-m", "venv", place])
    pip = [place / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:"]
    run([*pip, *VALIDATORS], env=dict(pip_environ))
    return place / "bin" / "python"


@pytest.fixture
def image(tmp_path) -> Path:
    site = tmp_path / "image" / "usr" / "lib" / "python3.11" / "site-packages"
    for name, more in {
        "expression": "License-Expression: MIT OR (Apache-2.0 AND BSD-3-Clause)\nRequires-Dist: vague; python_version > '3'",
        "classified": "Classifier: License :: OSI Approved :: ISC License (ISCL)",
        "vague": "License: as is, no warranty\nClassifier: License :: OSI Approved :: BSD License",
        "silent": "Summary: says nothing",
    }.items():
        info = site / f"{name}-1.0.dist-info"
        (info / "licenses").mkdir(parents=True)
        (info / "METADATA").write_text(METADATA.format(name=name, more=more))
        (info / "licenses" / "LICENSE").write_text(f"The licence of {name}:\n\tdo what is right. ©\n")
    sboms = site / "expression-1.0.dist-info" / "sboms"
    sboms.mkdir()
    sboms.joinpath("a.cdx.json").write_text(
        '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library", "name": "libz", "version": "1.3",'
        ' "licenses": [{"license": {"id": "Zlib"}}], "components": [{"type": "library", "name": "inner"}]}]}'
    )
    return tmp_path / "image"


def test_all_forms_are_what_their_standards_say(crosspy, image, validator, tmp_path) -> None:
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\n'
        f'sdist = {{url = "https://index.invalid/a-1.tar.gz", hashes = {{sha256 = "{"ab" * 32}"}}}}\n'
        "[packages.tool.crosspy]\ncrates = ["
        f'{{name = "one", version = "1.0.0", source = "registry+https://x.invalid", sha256 = "{"cd" * 32}"}},'
        '{name = "two", version = "2.0.0", source = "git+https://x.invalid/two?rev=1#abc"}]\n'
    )
    files = []
    for what, words in {
        "image": [image],
        "lock": ["--lock", lock],
        "both": [image, "--lock", lock],
    }.items():
        for form, ending in (("cyclonedx", "cdx"), ("spdx", "spdx"), ("spdx3", "spdx3")):
            files.append(tmp_path / f"{what}.{ending}.json")
            crosspy("sbom", *words, "--format", form, "-o", files[-1])
    assert run([validator, "-c", VALIDATE, *files]).stdout == "valid\n"


def test_a_fault_would_be_found(crosspy, image, validator, tmp_path) -> None:
    for form, ending, change in (
        ("cyclonedx", "cdx", ('"library"', '"book"')),
        ("spdx", "spdx", ("DESCRIBES", "DESCRIBE")),
        ("spdx3", "spdx3", ('"contains"', '"holds"')),
        ("spdx3", "spdx3", ('"createdBy"', '"createdUsing"')),
    ):
        path = tmp_path / f"wrong.{ending}.json"
        crosspy("sbom", image, "--format", form, "-o", path)
        path.write_text(path.read_text().replace(*change))
        assert run([validator, "-c", VALIDATE, path], check=False).returncode
