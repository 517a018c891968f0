# crosspy-image.bbclass: proves that what an image holds loads there. In an image recipe:
#
#   inherit core-image crosspy-image
#
# After do_rootfs every program, library and extension module is compared with the target's Python; what cannot load
# is an error, and the whole report is beside the image: IMAGE_NAME.crosspy.json, and .crosspy.sarif for code scanners.

CROSSPY_IMAGE_IGNORE ?= ""
CROSSPY_IMAGE_IGNORE[doc] = "Checks of crosspy verify that are left out, such as 'XP304 XP201'."

IMAGE_QA_COMMANDS += "crosspy_verify_image"
do_image_qa[depends] += "python3-crosspy-native:do_populate_sysroot ${MLPREFIX}python3:do_populate_sysroot virtual/${MLPREFIX}libc:do_populate_sysroot"

python crosspy_verify_image() {
    import json, os
    target = os.path.join(d.getVar("T"), "crosspy-target.json")
    report = d.expand("${IMGDEPLOYDIR}/${IMAGE_NAME}.crosspy")
    bb.utils.mkdirhier(os.path.dirname(report))
    env = {**os.environ, "PATH": d.getVar("PATH")}
    ignored = [word for check in d.getVar("CROSSPY_IMAGE_IGNORE").split() for word in ("--ignore", check)]
    try:
        bb.process.run(["crosspy", "describe", "--sysroot", d.getVar("RECIPE_SYSROOT"), "-o", target], env=env)
        bb.process.run(["crosspy", "verify", d.getVar("IMAGE_ROOTFS"), "--target", target, "--format", "json=%s.json" % report, "--format", "sarif=%s.sarif" % report, "--fail-on", "never", *ignored], env=env)
    except bb.process.ExecutionError as error:
        bb.fatal("crosspy verify could not run: %s" % (error.stderr or error.stdout).strip())
    with open(report + ".json") as file:
        findings = json.load(file)["images"][0]["findings"]
    for finding in findings:
        text = "%s: %s: %s. %s" % (finding["check"], finding["path"], finding["message"], finding["fix"])
        if finding["severity"] == "error":
            oe.qa.handle_error("crosspy-image", text, d)
        elif finding["severity"] == "warning":
            bb.warn(text)
    oe.qa.exit_if_errors(d)
}
ERROR_QA:append = " crosspy-image"
