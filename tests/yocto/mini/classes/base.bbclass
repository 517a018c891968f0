# Stands for OE-core's base.bbclass, and for oe.qa, whose reports go to a file.
addtask fetch
addtask configure after do_fetch
addtask compile after do_configure
addtask install after do_compile
addtask build after do_install
do_fetch() {
    :
}
do_build() {
    :
}
do_configure[dirs] = "${B}"
do_compile[dirs] = "${B}"
do_install[dirs] = "${B}"
do_install[cleandirs] = "${D}"
bbfatal() {
    echo "ERROR: $*" >&2
    exit 1
}
