#!/bin/sh
# From a sysroot to a checked root file system, with crosspy's four main commands.
#
#   sh cross.sh SYSROOT OUTPUT REQUIREMENT...
#   sh cross.sh build/sysroots/arm64 build/example ../hello-extension markupsafe
#
# SYSROOT       headers and libraries of the target, its Python's included:
#               Yocto: a recipe-sysroot; Buildroot: output/staging; Debian: `make sysroot-arm64`
# OUTPUT        where everything is made: OUTPUT/env, OUTPUT/wheels, OUTPUT/image
# REQUIREMENT   what pip takes: a name from the index, or a project directory
#
# From the environment:
#   CROSSPY       the command (crosspy)
#   BUILD_PYTHON  a Python of this machine with the target's X.Y (default: looked up on PATH)
#   CC            the cross compiler, flags and all (default: what the sysroot's Python was built with)
set -eu

sysroot=${1:?usage: cross.sh SYSROOT OUTPUT REQUIREMENT...}
output=${2:?usage: cross.sh SYSROOT OUTPUT REQUIREMENT...}
shift 2
crosspy=${CROSSPY:-crosspy}

# 1. The cross environment. From the same inputs again this does nothing; from others it says so.
$crosspy create "$output/env" --sysroot "$sysroot" ${BUILD_PYTHON:+--build-python "$BUILD_PYTHON"}

# 2. Wheels for the target. Build requirements are installed and run on this machine.
$crosspy wheel "$output/env" -w "$output/wheels" "$@"

# 3. Into the tree that becomes the image. OUTPUT/image need not exist; an image build has one.
#    What the image lacks (libraries, requirements) is named in warnings.
$crosspy install "$output/env" --root "$output/image" --overwrite "$output"/wheels/*.whl

# 4. Does every file load there? Exit status 1 if not, so CI stops here.
$crosspy verify "$output/image" --env "$output/env"
