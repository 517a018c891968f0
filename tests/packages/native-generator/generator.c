#include <limits.h>
#include <stdio.h>
int main(void) { printf("#define GENERATED_ON %d\n", (int)sizeof(void *)); return 0; }
