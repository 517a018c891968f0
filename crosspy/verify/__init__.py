"""From an image tree to findings.

:mod:`.tree` reads the image once, :mod:`.expectation` says what its files must be (from a target description, or
:mod:`.infer` from the image's own interpreter), :mod:`.rules` compare the two, :mod:`.runner` puts them together.
Nothing of the image is ever run or imported, and nothing outside it is read.
"""

from __future__ import annotations
