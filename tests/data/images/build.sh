#!/bin/sh
# Makes the small images of this directory: one tree, as the tools of the field write it. The files are committed; run
# this only to add one or to change them all:
#
#   apt-get install cpio e2fsprogs fdisk squashfs-tools tar xz-utils zip zstd
#   tests/data/images/build.sh
#
# The fuzzer (tests/fuzz) starts from them, and the unit tests read each as the same tree.
set -eu
cd "$(dirname "$0")"
elf=$PWD/../elf/aarch64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

library=$root/usr/lib/python3.11
mkdir -p "$root/usr/bin" "$root/lib" "$root/etc/ld.so.conf.d" "$library/site-packages/pkg-1.0.dist-info"
cp "$elf/python" "$root/usr/bin/python3.11"
ln -s python3.11 "$root/usr/bin/python3"
cp "$elf/libc.so" "$root/lib/ld-linux-aarch64.so.1"
ln "$root/lib/ld-linux-aarch64.so.1" "$root/lib/libc.so.6"
cp "$elf/ext.so" "$library/ext.cpython-311-aarch64-linux-gnu.so"
cp "$elf/../x86_64/ext.so" "$library/site-packages/bad.cpython-311-x86_64-linux-gnu.so"
printf '#!/usr/bin/python3\nprint()\n' >"$library/site-packages/tool"
chmod 755 "$library/site-packages/tool"
printf 'include ld.so.conf.d/*.conf\n' >"$root/etc/ld.so.conf"
printf '/opt/lib\n' >"$root/etc/ld.so.conf.d/opt.conf"
printf 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_aarch64\n' \
    >"$library/site-packages/pkg-1.0.dist-info/WHEEL"
printf 'bad.cpython-311-x86_64-linux-gnu.so,,\npkg-1.0.dist-info/RECORD,,\n' \
    >"$library/site-packages/pkg-1.0.dist-info/RECORD"
printf 'build_time_vars = {"EXT_SUFFIX": ".cpython-311-aarch64-linux-gnu.so"}\n' \
    >"$library/_sysconfigdata__linux_aarch64-linux-gnu.py"
ln -s /usr/lib "$root/usr/lib64"
ln -s loop "$root/loop"
mkfifo "$root/pipe"
truncate -s 30000 "$root/sparse"
printf middle | dd of="$root/sparse" bs=1 seek=20000 conv=notrunc status=none
find "$root" -exec touch -h -d @1700000000 {} +

rm -f image.*
squash="-noappend -quiet -no-progress -no-xattrs -all-root -mkfs-time 1700000000 -processors 1"
# shellcheck disable=SC2086 # several words
{
    mksquashfs "$root" image.squashfs $squash
    mksquashfs "$root" image.stored.squashfs $squash -noI -noD -noF -b 4096
    mksquashfs "$root" image.xz.squashfs $squash -comp xz
    mksquashfs "$root" image.zstd.squashfs $squash -comp zstd
} >/dev/null
make_ext() {
    mke2fs -q -F -d "$root" -E hash_seed=6d736366-0000-0000-0000-000000000000 -U clear -m 0 -N 48 "$@" 256K
}
make_ext -t ext2 -b 1024 image.ext2
make_ext -t ext4 -b 1024 -O ^has_journal,^metadata_csum image.ext4
make_ext -t ext4 -b 1024 -I 256 -O inline_data,^has_journal image.inline.ext4
archive="tar --sort=name --owner=0 --group=0 --numeric-owner -C $root"
$archive --format=gnu --sparse -cf image.tar .
$archive --format=posix --sparse -cf - . | xz >image.tar.xz
$archive --format=ustar -cf - . | gzip -n >image.tar.gz
$archive --format=ustar -cf - . | zstd -q >image.tar.zst
$archive --format=ustar -cf - . | bzip2 >image.tar.bz2
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible) >image.cpio
(cd "$library/site-packages" && zip -q -X -r - .) >image.whl
{
    dd if=/dev/zero bs=512 count=40
    cat image.squashfs
    dd if=/dev/zero bs=512 count=40
} >image.gpt 2>/dev/null
truncate -s %512 image.gpt
printf 'label: gpt\nfirst-lba: 34\nstart=40, size=%s\n' $(($(stat -c %s image.squashfs) / 512)) |
    sfdisk -q --no-tell-kernel image.gpt >/dev/null
