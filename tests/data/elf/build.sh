#!/bin/sh
# Makes the small ELF files of this directory, with Debian's cross compilers. The files are committed; run this only to
# add one or to change them all:
#
#   apt-get install gcc gcc-{aarch64,riscv64,s390x,powerpc64le,i686}-linux-gnu gcc-arm-linux-gnueabi{,hf} \
#       gcc-mips64el-linux-gnuabi64
#   tests/data/elf/build.sh
#
# Per architecture: libc.so (SONAME libc.so.6, version GLIBC_2.17), ext.so (an extension module called ext), python (a
# program that holds the suffixes it imports, as an interpreter does). No C library is linked in.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/libc.c" <<'C'
int answer(void) { return 42; }
C
cat >"$work/libc.map" <<'C'
GLIBC_2.17 { global: answer; local: *; };
C
cat >"$work/ext.c" <<'C'
extern int answer(void);
extern void *PyModule_Create2(void *, int);
extern void optional_thing(void) __attribute__((weak));
double half(double number) { return number / 2; }
void *PyInit_ext(void) { if (&optional_thing) optional_thing(); return PyModule_Create2((void *)0, answer()); }
C
cat >"$work/python.c" <<'C'
extern int answer(void);
static const char *const suffixes[] = {".cpython-311-" MULTIARCH ".so", ".abi3.so", ".so"};
void *PyModule_Create2(void *def, int api) { return def; }
const char *suffix(int i) { return suffixes[i]; }
void _start(void) { for (;;) answer(); }
C
cat >"$work/stub.c" <<'C'
extern const char *suffix(int i);
int main(void) { return suffix(0)[0]; }
C

small='-nostdlib -s -Os -ffreestanding -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,max-page-size=4096
  -Wl,-z,common-page-size=4096 -Wl,-z,noseparate-code -Wl,-z,norelro -Wl,--hash-style=gnu'

# name, multiarch tuple, loader, libc's SONAME, compiler and flags
make_all() {
    name=$1 multiarch=$2 loader=$3 soname=$4
    shift 4
    mkdir -p "$name" "$work/$name"
    "$@" $small -shared -fPIC -Wl,-soname,"$soname" -Wl,--version-script,"$work/libc.map" "$work/libc.c" -o "$name/libc.so"
    "$@" $small -shared -fPIC "$work/ext.c" "$name/libc.so" -o "$name/ext.so"
    "$@" $small -DMULTIARCH="\"$multiarch\"" -pie -fPIE -Wl,--export-dynamic -Wl,-e,_start,--dynamic-linker,"$loader" \
        "$work/python.c" "$name/libc.so" -o "$name/python"
    chmod 644 "$name"/*
}

make_all aarch64 aarch64-linux-gnu /lib/ld-linux-aarch64.so.1 libc.so.6 aarch64-linux-gnu-gcc
make_all aarch64-musl aarch64-linux-musl /lib/ld-musl-aarch64.so.1 libc.musl-aarch64.so.1 aarch64-linux-gnu-gcc
make_all armhf arm-linux-gnueabihf /lib/ld-linux-armhf.so.3 libc.so.6 arm-linux-gnueabihf-gcc
make_all armel arm-linux-gnueabi /lib/ld-linux.so.3 libc.so.6 arm-linux-gnueabi-gcc
make_all riscv64 riscv64-linux-gnu /lib/ld-linux-riscv64-lp64d.so.1 libc.so.6 riscv64-linux-gnu-gcc
make_all riscv64-soft riscv64-linux-gnu /lib/ld-linux-riscv64-lp64.so.1 libc.so.6 \
    riscv64-linux-gnu-gcc -march=rv64imac -mabi=lp64
make_all x86_64 x86_64-linux-gnu /lib64/ld-linux-x86-64.so.2 libc.so.6 x86_64-linux-gnu-gcc
make_all i686 i386-linux-gnu /lib/ld-linux.so.2 libc.so.6 i686-linux-gnu-gcc
make_all s390x s390x-linux-gnu /lib/ld64.so.1 libc.so.6 s390x-linux-gnu-gcc
make_all mips64el mips64el-linux-gnuabi64 /lib64/ld.so.1 libc.so.6 mips64el-linux-gnuabi64-gcc -Wl,--hash-style=sysv
make_all ppc64le powerpc64le-linux-gnu /lib64/ld64.so.2 libc.so.6 powerpc64le-linux-gnu-gcc

# Where libraries are looked for: RUNPATH, and the older RPATH, which the libraries that a file loads inherit.
dep="aarch64-linux-gnu-gcc $small -shared -fPIC"
$dep -Wl,-soname,libdep.so.1 -Wl,--version-script,"$work/libc.map" "$work/libc.c" -o aarch64/libdep.so.1
$dep "$work/ext.c" aarch64/libdep.so.1 -Wl,--enable-new-dtags,-rpath,'$ORIGIN/ext.libs' -o aarch64/ext-runpath.so
$dep "$work/ext.c" aarch64/libdep.so.1 -Wl,--disable-new-dtags,-rpath,'$ORIGIN/ext.libs' -o aarch64/ext-rpath.so
# A library that needs another and does not say where it is: its user's RPATH does.
$dep -Wl,-soname,libmid.so.1 "$work/ext.c" aarch64/libdep.so.1 -o aarch64/libmid.so.1
$dep -Wl,--no-as-needed "$work/ext.c" aarch64/libmid.so.1 -Wl,--disable-new-dtags,--allow-shlib-undefined \
    -Wl,-rpath,'$ORIGIN/ext.libs' -o aarch64/ext-rpath-mid.so
# A Python built with --enable-shared: a stub, and the library that has everything.
$dep -Wl,-soname,libpython3.11.so.1.0 -DMULTIARCH='"aarch64-linux-gnu"' "$work/python.c" aarch64/libc.so \
    -o aarch64/libpython3.11.so.1.0
aarch64-linux-gnu-gcc $small -pie -fPIE -Wl,-e,main,--export-dynamic,--dynamic-linker,/lib/ld-linux-aarch64.so.1 "$work/stub.c" \
    aarch64/libpython3.11.so.1.0 -Wl,--allow-shlib-undefined -o aarch64/python-shared
# A static program: no loader, no C library, and nothing of the ABI matters to others.
aarch64-linux-gnu-gcc $small -static "$work/libc.c" -Wl,-e,answer -o aarch64/static
# A relocatable object, as kernel modules are.
aarch64-linux-gnu-gcc -Os -c "$work/libc.c" -o aarch64/object.o
chmod 644 aarch64/*
find . -type f -size +8k -name '*' | grep . && exit 1
exit 0
