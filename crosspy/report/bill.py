"""Bills of materials, as JSON. Pure functions from components to text.

The same components give the same text: identities are derived from what is in it, and there is no time of day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from crosspy.model.component import Component
from crosspy.report.cyclonedx import cyclonedx
from crosspy.report.spdx2 import spdx2
from crosspy.report.spdx3 import spdx3

_FORMS: Final = {"cyclonedx": cyclonedx, "spdx": spdx2, "spdx3": spdx3}
FORMATS: Final = tuple(_FORMS)


def render(components: Sequence[Component], *, name: str, form: str, epoch: int | None = None) -> str:
    """Return a bill of materials.

    :param name: of what it is about; :param form: one of :data:`FORMATS`.
    :param epoch: SOURCE_DATE_EPOCH; None: CycloneDX has no time then, SPDX a constant.
    """
    return json.dumps(_FORMS[form](components, name, epoch), indent=2, ensure_ascii=False) + "\n"
