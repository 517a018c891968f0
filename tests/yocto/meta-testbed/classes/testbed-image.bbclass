# What crosspy-image.bbclass needs of OE-core's image.bbclass, which itself needs a world of native tools. The root file system
# is unpacked from the .deb files in place of apt: what is named, and what that depends on.
inherit nopackages
INHIBIT_DEFAULT_DEPS = "1"
PACKAGES = ""
EXCLUDE_FROM_WORLD = "1"
RDEPENDS += "${IMAGE_INSTALL}"
IMAGE_ROOTFS = "${WORKDIR}/rootfs"
IMGDEPLOYDIR = "${WORKDIR}/deploy-image"
IMAGE_NAME = "${PN}"
IMAGE_QA_COMMANDS = ""
addtask rootfs after do_prepare_recipe_sysroot
addtask image_qa after do_rootfs before do_build
do_rootfs[recrdeptask] += "do_package_write_deb do_packagedata do_package_qa"
python do_image_qa() {
    for name in d.getVar("IMAGE_QA_COMMANDS").split():
        bb.build.exec_func(name, d)
}
deltask do_fetch
deltask do_unpack
deltask do_patch
deltask do_configure
deltask do_compile
deltask do_install
deltask do_populate_lic
deltask do_populate_sysroot
python do_rootfs () {
    import glob, re, subprocess
    known = {}
    for path in glob.glob(d.getVar("DEPLOY_DIR_DEB") + "/*/*.deb"):
        text = subprocess.check_output(["dpkg-deb", "-f", path, "Package", "Depends", "Provides"], text=True)
        fields = dict(line.split(": ", 1) for line in text.splitlines())
        names = {key: re.sub(r" *\([^)]*\)", "", fields.get(key, "")) for key in ("Package", "Depends", "Provides")}
        words = {key: [name.strip() for name in value.split(",") if name.strip()] for key, value in names.items()}
        for name in words["Package"] + words["Provides"]:
            known[name] = (path, words["Depends"])
    rootfs = d.getVar("IMAGE_ROOTFS")
    bb.utils.remove(rootfs, True)
    bb.utils.mkdirhier(rootfs + "/usr/lib")
    os.symlink("usr/lib", rootfs + "/lib")
    wanted, seen = d.getVar("IMAGE_INSTALL").split(), set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in known:
            bb.fatal("no package provides %s" % name)
        path, depends = known[name]
        wanted += depends
        if path not in seen:
            seen.add(path)
            subprocess.check_call(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"', "sh", path, rootfs])
}
