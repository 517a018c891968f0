"""``yocto-check-layer`` of OE-core on ``meta-crosspy``, with all of OE-core's recipes beside it and nothing of the test bed."""

from __future__ import annotations

import os
from pathlib import Path

from test_build import Bed, bed, pytestmark  # noqa: F401 -- bed is a fixture

CONF = """\
MACHINE = "qemuarm64"
BB_NUMBER_THREADS = "2"
CONF_VERSION = "2"
CONNECTIVITY_CHECK_URIS = ""
BB_NO_NETWORK = "1"
BB_DISKMON_DIRS = ""
SANITY_TESTED_DISTROS = ""
"""


def test_yocto_check_layer_passes(bed: Bed) -> None:  # noqa: F811
    build = bed.build("check-layer")
    core = Path(os.environ["OE_CORE_DIR"])
    layer = bed.top / "checkout/meta-crosspy"
    (build.top / "conf/local.conf").write_text(CONF)
    # The tool adds the layer by itself.
    (build.top / "conf/bblayers.conf").write_text(
        f'BBPATH = "${{TOPDIR}}"\nBBFILES = ""\nBBLAYERS = "{core / "meta"}"\n'
    )
    bed.give(build.top)
    done = build.run("yocto-check-layer", layer, "--output-log", build.top / "check.log")
    assert done.status == 0, done.text[-6000:]
    assert "meta-crosspy ... PASS" in done.text, done.text[-6000:]
