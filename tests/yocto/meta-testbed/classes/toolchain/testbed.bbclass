# As OE-core's toolchain/gcc.bbclass, with the test bed's compiler.
require classes/toolchain/gcc.bbclass
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-cc = "${MLPREFIX}testbed-cross-${TARGET_ARCH}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-c++ = "${MLPREFIX}testbed-cross-${TARGET_ARCH}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}compilerlibs = "${MLPREFIX}testbed-libc"
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-cc:class-nativesdk = "testbed-crosssdk-${SDK_SYS}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}cross-c++:class-nativesdk = "testbed-crosssdk-${SDK_SYS}"
PREFERRED_PROVIDER_virtual/${MLPREFIX}compilerlibs:class-nativesdk = "nativesdk-testbed-libc"
DEBUG_PREFIX_MAP_EXTRA = ""
