"""``crosspy recipe``: what it reads of layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosspy.cli.recipe import _has_spdx_licences


@pytest.mark.parametrize(
    ("names", "spdx"),
    [("scarthgap", False), ("wrynose", False), ("wrynose blacksail", True), (None, False)],
)
def test_the_development_branch_has_spdx_licences(tmp_path: Path, names: str | None, spdx: bool) -> None:
    """OE-core's master calls itself by two names; other layers by none."""
    (tmp_path / "conf").mkdir()
    line = "BBFILES += ''\n" if names is None else f'LAYERSERIES_CORENAMES = "{names}"\n'
    (tmp_path / "conf/layer.conf").write_text(line)
    assert _has_spdx_licences([tmp_path / "other", tmp_path]) is spdx
