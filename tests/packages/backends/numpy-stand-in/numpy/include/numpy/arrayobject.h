#include "numpyconfig.h"
_Static_assert(NPY_SIZEOF_LONG == sizeof(long), "the build machine's headers were used");
