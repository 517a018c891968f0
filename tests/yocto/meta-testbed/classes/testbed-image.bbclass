# An image whose root file system is unpacked from the .deb files in place of apt: what is named, and what that depends on.
inherit core-image
DEPENDS = ""
IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
PACKAGE_INSTALL = "${IMAGE_INSTALL}"
KERNELDEPMODDEPEND = ""
KERNEL_DEPLOY_DEPEND = ""
LDCONFIGDEPEND = ""
ROOTFS_POSTPROCESS_COMMAND = ""
fakeroot python do_rootfs () {
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
