from __future__ import annotations

from hello import main

main()
