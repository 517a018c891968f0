# As OE-core's toolchain/gcc.bbclass, with the test bed's compiler.
require classes/toolchain/gcc.bbclass
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-cc = "testbed-cross-${TARGET_ARCH}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-c++ = "testbed-cross-${TARGET_ARCH}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}compilerlibs = "testbed-libc"
DEBUG_PREFIX_MAP_EXTRA = ""
