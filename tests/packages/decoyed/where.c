#include <crosspydecoy.h>
