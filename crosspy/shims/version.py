"""``sys.version_info`` of another patch release."""


class VersionInfo(tuple[int, int, int, str, int]):
    """Stands for ``sys.version_info``, whose type cannot be instantiated."""

    __slots__ = ()
    n_fields = n_sequence_fields = 5
    n_unnamed_fields = 0
    major = property(lambda self: self[0])
    minor = property(lambda self: self[1])
    micro = property(lambda self: self[2])
    releaselevel = property(lambda self: self[3])
    serial = property(lambda self: self[4])

    def __repr__(self) -> str:
        return "sys.version_info(major={}, minor={}, micro={}, releaselevel={!r}, serial={})".format(*self)
