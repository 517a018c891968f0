# crosspy.bbclass: a Python package, whatever its build back end. A whole recipe:
#
#   SUMMARY = "Safely add untrusted strings to HTML/XML markup"
#   LICENSE = "BSD-3-Clause"
#   LIC_FILES_CHKSUM = "file://LICENSE.txt;md5=ffeffa59c90c9c4a033c7574f8f3fb75"
#   SRC_URI[sha256sum] = "722695808f4b6457b320fdc131280796bdceb04ab50fe1795cd540799ebe1698"
#   inherit pypi crosspy
#
# do_configure makes a cross environment of RECIPE_SYSROOT and python3-native, and compares pyproject.toml's build
# requirements with what is there. A -native recipe is one way to provide them:
#
#   DEPENDS += "python3-cython-native"
#
# A file of PyPI, a wheel or a source distribution, is the other:
#
#   CROSSPY_BUILD_REQUIRES = "scikit_build_core-0.11.6-py3-none-any.whl"
#   SRC_URI[scikit-build-core.sha256sum] = "..."
#
# What is missing is an error that ends with the line to add. Crates of Rust are crate:// entries of SRC_URI, as
# cargo-update-recipe-crates.bbclass writes them ("bitbake -c update_crates"); with one, cargo and rustc are there:
#
#   inherit pypi cargo-update-recipe-crates crosspy
#   require ${BPN}-crates.inc
#
# Nothing is downloaded after do_fetch, and nothing of the target is run. In any shell function of the recipe,
# "crosspy_pip install FILE..." installs into ${D}, offline.

inherit python3native pkgconfig

DEPENDS:append = " python3-crosspy-native python3"

CROSSPY_BACKENDS ?= "python3-setuptools-native python3-wheel-native python3-flit-core-native python3-hatchling-native python3-poetry-core-native"
CROSSPY_BACKENDS[doc] = "Recipes of build back ends that every recipe depends on, so that a package that needs no more \
needs no DEPENDS. Light ones: pure Python. Set it in a distribution's configuration to add others, or to '' for recipes \
that name their back end themselves."
DEPENDS:append = " ${CROSSPY_BACKENDS}"

CROSSPY_BUILD_REQUIRES ?= ""
CROSSPY_BUILD_REQUIRES[doc] = "Build requirements that come from PyPI, as names of files: 'cppy-1.3.1-py3-none-any.whl'. Each has \
a checksum, SRC_URI[cppy.sha256sum]. For files of elsewhere: SRC_URI, with unpack=0."
SRC_URI:append = "${@crosspy_build_uris(d)}"

CROSSPY_RUST ?= "${@int(crosspy_has_crates(d))}"
CROSSPY_RUST[doc] = "1 brings cargo, rustc and the target's standard library. It is 1 where SRC_URI has crates; a source that \
has its crates in it (orjson) sets it."

# Without Rust nothing of it decides a hash.
inherit_defer ${@"rust-common" if crosspy_has_rust(d) else ""}
DEPENDS:append = " ${@'cargo-native rust-native ' + d.getVar('RUSTLIB_DEP') if crosspy_has_rust(d) else ''}"
RUSTFLAGS[export] = "1"
# The crate libc calls glibc's 32-bit time by name: OE-core's cargo_common leaves that check out for all of Rust, too.
# nooelint: oelint.vars.insaneskip
INSANE_SKIP:append = "${@' 32bit-time' if crosspy_has_rust(d) else ''}"

CROSSPY_PROJECT ?= "${S}"
CROSSPY_PROJECT[doc] = "The directory of pyproject.toml or setup.py."

CROSSPY_LINKS ?= "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"
CROSSPY_LINKS[doc] = "Directory with wheels and source distributions of build requirements: where SRC_URI's files with \
unpack=0 are."

CROSSPY_CONFIG_SETTINGS ?= ""
CROSSPY_CONFIG_SETTINGS[doc] = "Settings for the build back end (PEP 517), separated by spaces: 'setup-args=-Dblas=openblas'."

CROSSPY_PURE ?= "0"
CROSSPY_PURE[doc] = "1 accepts a package without its extension modules, where it can do without. Otherwise a compiler \
that failed is an error, also if the package's own build takes it lightly."

CROSSPY_COMPILE_LEVELS ?= "0"
CROSSPY_COMPILE_LEVELS[doc] = "Optimisation levels of the bytecode that is packaged, such as '0,2'; '' for sources alone."

CROSSPY_RDEPENDS_IGNORE ?= ""
CROSSPY_RDEPENDS_IGNORE[doc] = "Distributions that the package's metadata require and this product does without."

CROSSPY_PYTHON_MANIFEST ?= "${COREBASE}/meta/recipes-devtools/python/python3/python3-manifest.json"
CROSSPY_PYTHON_MANIFEST[doc] = "Which split package of python3 has which module of the standard library."

CROSSPY_DIR = "${WORKDIR}/crosspy"
CROSSPY_DIR[doc] = "Where the class works."
CROSSPY_ENV = "${CROSSPY_DIR}/env"
CROSSPY_ENV[doc] = "The cross environment. '. ${CROSSPY_ENV}/bin/activate' enters it by hand, as in devshell."
CROSSPY_WHEELS = "${CROSSPY_DIR}/wheels"
CROSSPY_WHEELS[doc] = "The wheel that do_compile makes, and do_install installs."

# Headers of build requirements (pybind11, cppy) are compiled in from there.
DEBUG_PREFIX_MAP:append = " -ffile-prefix-map=${CROSSPY_DIR}=${TARGET_DBGSRC_DIR}/crosspy"

CROSSPY_OFFLINE = "--no-index --no-build-isolation --find-links ${CROSSPY_LINKS}${@' --crates ${CROSSPY_LINKS}/cargo_home/bitbake' if crosspy_has_crates(d) else ''}"

CROSSPY_JOBS = "${@oe.utils.parallel_make_argument(d, '--jobs %d')}"
CROSSPY_JOBS[doc] = "How many processes work at once, over all packages and compilers: what PARALLEL_MAKE allows."

# What a recipe exports is for its package's build (export PYCURL_SSL_LIBRARY = "openssl"). The configuration and the classes
# up to here export much that is not.
CROSSPY_EXPORTS_OF_OTHERS := "${@' '.join(sorted(bb.data.exported_keys(d)))}"

def crosspy_exports(d):
    """Options that let a build see the variables that the recipe exports; their values are hashed by BitBake."""
    others = d.getVar("CROSSPY_EXPORTS_OF_OTHERS").split()
    names = [name for name in sorted(bb.data.exported_keys(d)) if name not in others and d.getVar(name) is not None]
    return "".join(" --env " + name for name in names)

crosspy_exports[vardepsexclude] = "CROSSPY_EXPORTS_OF_OTHERS"

def crosspy_has_crates(d):
    return "crate://" in (d.getVar("SRC_URI") or "")

def crosspy_has_rust(d):
    return bb.utils.to_boolean(d.getVar("CROSSPY_RUST"))

def crosspy_rust_target(d):
    return "--rust-target " + d.getVar("RUST_HOST_SYS") if crosspy_has_rust(d) else ""

def crosspy_build_uris(d):
    """SRC_URI's entries of CROSSPY_BUILD_REQUIRES: where PyPI has a file follows from its name."""
    import re
    uris = ""
    for file in d.getVar("CROSSPY_BUILD_REQUIRES").split():
        match = re.fullmatch(r"(.+)-\d[^-]*\.(?:tar\.gz|zip)|([^-]+)-[^-]+(?:-\d[^-]*)?-([^-]+)-[^-]+-[^-]+\.whl", file)
        index = crosspy_index(d)
        if not match or not index:
            bb.fatal("CROSSPY_BUILD_REQUIRES: %s" % ("%s is not the name of a wheel or a source distribution" % file if index else "it needs 'inherit pypi'; without, write SRC_URI += \"https://.../%s;unpack=0\"" % file))
        name = crosspy_name(match[1] or match[2])
        uris += " %s/%s/%s/%s/%s;name=%s;unpack=0" % (index, match[3] or "source", name[0], name, file, name)
    return uris

def crosspy_index(d):
    """Where a recipe that inherits pypi gets its source from, or ''."""
    index, found, _ = (d.getVar("PYPI_SRC_URI") or "").partition("/source/")
    return index if found else ""

# One environment for every call: what is below is for this recipe alone, and goes with its work directory.
crosspy_run() {
    mkdir -p ${CROSSPY_DIR}/tmp ${CROSSPY_DIR}/cache
    rm -f ${CROSSPY_DIR}/failed
    # Shared state is the cache of built packages: no other one (CROSSPY_CACHE).
    { CROSSPY_CACHE= TMPDIR=${CROSSPY_DIR}/tmp XDG_CACHE_HOME=${CROSSPY_DIR}/cache "$@" 2>&1 || touch ${CROSSPY_DIR}/failed; } | tee ${CROSSPY_DIR}/said
    [ ! -e ${CROSSPY_DIR}/failed ] || bbfatal "$1 $2 failed: $(crosspy_last_error)"
}
# BitBake 2.8 does not see a function that is called in quotes.
crosspy_run[vardeps] += "crosspy_last_error"

# Its last error, with the hint, is the task's; and what a recipe can do about it.
crosspy_last_error() {
    awk '/^error: /{text = ""} /^The whole log: /{exit} {text = text $0 "\n"} END{printf "%s", text}' ${CROSSPY_DIR}/said | tail -n 8
    ! grep -q '^error: .*\[no-rust' ${CROSSPY_DIR}/said || echo 'In the recipe: CROSSPY_RUST = "1"'
    [ ! -e ${CROSSPY_DIR}/other-versions ] || cat ${CROSSPY_DIR}/other-versions
}

crosspy_pip() {
    command=$1
    shift
    case $command in
        install) crosspy_run crosspy install ${CROSSPY_ENV} --root ${D} --prefix ${prefix} ${@crosspy_bytecode(d)}${@crosspy_exports(d)} --no-index --find-links ${CROSSPY_LINKS} --find-links ${CROSSPY_WHEELS} "$@" ;;
        wheel) crosspy_run crosspy wheel ${CROSSPY_ENV} ${CROSSPY_JOBS} ${CROSSPY_OFFLINE}${@crosspy_exports(d)} -w ${CROSSPY_WHEELS} "$@" ;;
        *) PIP_NO_INDEX=1 PIP_FIND_LINKS=${CROSSPY_LINKS} crosspy_run ${CROSSPY_ENV}/bin/pip $command "$@" ;;
    esac
}

def crosspy_bytecode(d):
    levels = d.getVar("CROSSPY_COMPILE_LEVELS")
    return "--compile-level %s" % levels if levels else "--no-compile"

do_configure[cleandirs] += "${CROSSPY_DIR}"
do_configure[postfuncs] += "crosspy_check_requires"
crosspy_do_configure() {
    # do_package strips, and keeps what it takes away; scikit-build-core, cargo profiles and linkers with -s would strip before it.
    crosspy_run crosspy create ${CROSSPY_ENV} --sysroot ${RECIPE_SYSROOT} --build-python ${PYTHON} --system-site-packages --env SKBUILD_INSTALL_STRIP=false --env CARGO_PROFILE_RELEASE_STRIP=none --env CROSSPY_UNSTRIPPED=yes ${@crosspy_build_layer(d)} ${@crosspy_rust_target(d)}
}

def crosspy_build_layer(d):
    """Programs of -native recipes see the files of CROSSPY_BUILD_REQUIRES, too: cython wants NumPy's .pxd."""
    layer = "%s/build/lib/%s/site-packages" % (d.getVar("CROSSPY_ENV"), d.getVar("PYTHON_DIR"))
    return "--env PYTHONPATH=%s" % layer if d.getVar("CROSSPY_BUILD_REQUIRES") else ""

def crosspy_json(d, *words):
    """What a crosspy command prints, as data; its own message when it fails."""
    import json, os
    tmp = d.getVar("CROSSPY_DIR")
    env = {**os.environ, "PATH": d.getVar("PATH"), "TMPDIR": tmp, "XDG_CACHE_HOME": tmp, "PYTHONNOUSERSITE": "1"}
    bb.utils.mkdirhier(tmp)
    try:
        return json.loads(bb.process.run(["crosspy", *words], env=env)[0])
    except bb.process.ExecutionError as error:
        bb.fatal("%s: %s" % (d.getVar("PN"), (error.stderr or error.stdout).strip()))

def crosspy_recipe_names(name):
    """What a recipe of a distribution may be called: OpenEmbedded leaves out what python3- says already, and dashes at times."""
    import re
    # Programs have recipes without Python in their names; so do libraries, but these are no build requirements.
    programs = [name] * (name in ("cmake", "meson", "ninja", "patchelf", "swig"))
    short = re.sub("^python3?-|-python$", "", name)
    return list(dict.fromkeys(["python3-" + name, "python3-" + short, "python3-" + name.replace("-", ""), *programs]))

def crosspy_recipe_of(name, d):
    """The recipe of a distribution in one of the layers, or None: asked only when a line for a recipe is to be written."""
    import glob, os, re
    recipes = [path for layer in d.getVar("BBLAYERS").split() for path in glob.glob(layer + "/recipes*/*/*.bb")]
    there = {os.path.basename(path)[:-3].partition("_")[0]: path for path in sorted(recipes)}
    for recipe in crosspy_recipe_names(name):
        if recipe in there:
            return recipe
    for recipe, path in there.items():
        with open(path, encoding="utf-8", errors="replace") as file:
            match = re.search(r'^PYPI_PACKAGE *\??= *"([\w.-]+)"', file.read(), re.MULTILINE)
        if match and crosspy_name(match[1]) == name:
            return recipe
    return None

# Where layers are decides no result.
crosspy_recipe_of[vardepsexclude] = "BBLAYERS"

python crosspy_check_requires() {
    # A back end that has just been installed may ask for more: ninja, of meson-python.
    while crosspy_install_requires(d):
        pass
}

def crosspy_source_line(name, d):
    """The lines that give a recipe a build requirement of which no layer has a recipe."""
    file = "%s-VERSION.tar.gz" % name.replace("-", "_")
    line = 'CROSSPY_BUILD_REQUIRES += "%s"' % file if crosspy_index(d) else 'SRC_URI += "https://.../%s;name=%s;unpack=0"' % (file, name)
    return '%s (or a wheel) and SRC_URI[%s.sha256sum] = "..."' % (line, name)

def crosspy_install_requires(d):
    """Install the build requirements that SRC_URI has; say whether there were any. What is missing is an error."""
    unmet = crosspy_json(d, "requires", d.getVar("CROSSPY_ENV"), d.getVar("CROSSPY_PROJECT"), "--find-links", d.getVar("CROSSPY_LINKS"), *crosspy_exports(d).split())
    lines = []
    for one in unmet:
        if one["file"] or one["found"]:
            continue
        if recipe := crosspy_recipe_of(one["name"], d):
            lines.append("%s is needed for the build: DEPENDS += \"%s-native\"" % (one["requirement"], recipe))
        else:
            lines.append("%s is needed for the build, and no layer has a recipe of it: %s" % (one["requirement"], crosspy_source_line(one["name"], d)))
    if lines:
        bb.fatal("\n".join(lines))
    files = [one["file"] for one in unmet if one["file"]]
    if files:
        d.setVar("CROSSPY_FOUND_FILES", " ".join(files))
        bb.build.exec_func("crosspy_install_build_files", d)
    else:
        crosspy_note_other_versions(unmet, d)
    return bool(files)

def crosspy_note_other_versions(unmet, d):
    """Pins are often tighter than what a package needs: it is built with what the layers have, and they are named if that fails."""
    import os
    with open(os.path.join(d.getVar("CROSSPY_DIR"), "other-versions"), "w") as file:
        for one in unmet:
            used = "pyproject.toml asks for %s to build, and the layers have %s %s, which is used" % (one["requirement"], one["name"], one["found"])
            another = "For another version: %s" % crosspy_source_line(one["name"], d)
            file.write("%s. %s\n" % (used, another))
            if "crosspy-build-requires" not in (d.getVar("INSANE_SKIP") or "").split():
                oe.qa.handle_error("crosspy-build-requires", "%s. If that is right: INSANE_SKIP += \"crosspy-build-requires\". %s" % (used, another), d)

crosspy_install_build_files() {
    # They run in the build: OE-core's setuptools looks for Python's headers beside STAGING_INCDIR.
    export STAGING_INCDIR="${STAGING_INCDIR_NATIVE}" STAGING_LIBDIR="${STAGING_LIBDIR_NATIVE}"
    # What they need themselves is among them, or there.
    crosspy_run ${CROSSPY_ENV}/bin/build-pip install --quiet --no-index --no-deps --no-build-isolation --find-links ${CROSSPY_LINKS} ${CROSSPY_FOUND_FILES}
}
crosspy_install_build_files[vardepsexclude] = "CROSSPY_FOUND_FILES"

do_compile[cleandirs] += "${CROSSPY_WHEELS}"
crosspy_do_compile() {
    crosspy_run crosspy wheel ${CROSSPY_ENV} ${CROSSPY_JOBS} ${CROSSPY_OFFLINE}${@crosspy_exports(d)} --no-deps -w ${CROSSPY_WHEELS} ${@crosspy_wheel_options(d)} ${CROSSPY_PROJECT}
}

def crosspy_wheel_options(d):
    words = ["-C '%s'" % setting for setting in d.getVar("CROSSPY_CONFIG_SETTINGS").split()]
    if bb.utils.to_boolean(d.getVar("CROSSPY_PURE")):
        words.append("--pure :all:")
    return " ".join(words)

crosspy_do_install() {
    crosspy_pip install --no-deps ${CROSSPY_WHEELS}/*.whl
}
do_install[postfuncs] += "crosspy_drop_records"
crosspy_drop_records() {
    # Stripping changes what they have hashes of; a package manager knows the files.
    find ${D} -path '*.dist-info/RECORD' -delete
}
# crosspy_pip in other tasks leaves some, too.
PACKAGE_PREPROCESS_FUNCS += "crosspy_drop_packaged_records"
crosspy_drop_packaged_records() {
    find ${PKGD} -path '*.dist-info/RECORD' -delete
}

EXPORT_FUNCTIONS do_configure do_compile do_install

PYTHON_SITEPACKAGES_DIR ?= "${libdir}/${PYTHON_DIR}/site-packages"
FILES:${PN} += "${PYTHON_SITEPACKAGES_DIR} ${libdir}/${PYTHON_DIR}/site-packages"
# A glob of FILES knows no "any depth" (numpy has numpy/random/lib/libnpyrandom.a).
FILES:${PN}-staticdev += "${@' '.join('${PYTHON_SITEPACKAGES_DIR}/' + '*/' * depth + '*.a' for depth in range(8))}"
RDEPENDS:${PN}:append:class-target = " ${MLPREFIX}python3-core"

# ---- what the installed files need

PACKAGEFUNCS =+ "crosspy_rdepends"
do_package[file-checksums] += "${CROSSPY_PYTHON_MANIFEST}:True"
python crosspy_rdepends() {
    import os
    pn, ml, site = d.getVar("PN"), d.getVar("MLPREFIX"), d.getVar("PYTHON_SITEPACKAGES_DIR")
    ignored = d.getVar("CROSSPY_RDEPENDS_IGNORE").split()
    for package in d.getVar("PACKAGES").split():
        tree = os.path.join(d.getVar("PKGDEST"), package)
        if package.endswith(("-dbg", "-src", "-dev", "-staticdev", "-doc")) or not os.path.isdir(tree):
            continue
        needs = crosspy_json(d, "requires", d.getVar("CROSSPY_ENV"), "--root", tree, "--prefix", d.getVar("prefix"), "--split", d.getVar("CROSSPY_PYTHON_MANIFEST"))
        for variable, names in (("RDEPENDS", needs["packages"]), ("RRECOMMENDS", needs["optional_packages"])):
            d.appendVar("%s:%s" % (variable, package), "".join(" %spython3-%s" % (ml, name) for name in names))
        if "crosspy-rdepends" in ("%s %s" % (d.getVar("INSANE_SKIP"), d.getVar("INSANE_SKIP:" + package))).split():
            continue
        known = set(bb.utils.explode_deps(d.getVar("RDEPENDS:" + package) or ""))
        for one in needs["distributions"]:
            distribution = crosspy_name(one["requirement"])
            names = [ml + name for name in crosspy_recipe_names(distribution)]
            if distribution in ignored or not known.isdisjoint(names):
                continue
            if found := next((name for name in names if crosspy_has_package(name, d)), None):
                d.appendVar("RDEPENDS:" + package, " " + found)
                continue
            wanted = ml + (crosspy_recipe_of(distribution, d) or "python3-" + distribution)
            if wanted not in known:
                oe.qa.handle_error("crosspy-rdepends", "%s requires %s: RDEPENDS:%s += \"%s\" (or, if this product does without: CROSSPY_RDEPENDS_IGNORE += \"%s\")" % (one["needed_by"], one["requirement"], package.replace(pn, "${PN}", 1), wanted, distribution), d)
}

def crosspy_name(requirement):
    """The canonical name in a requirement (PEP 503)."""
    import re
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()

def crosspy_has_package(name, d):
    """Whether what this recipe was built after has such a package: of what its DEPENDS name."""
    import os
    data = d.getVar("WORKDIR_PKGDATA")
    return any(os.path.exists(os.path.join(data, kind, name)) for kind in ("runtime-reverse", "runtime-rprovides"))

# ---- whether they fit the target

ERROR_QA:append = " crosspy crosspy-rdepends"
WARN_QA:append = " crosspy-build-requires"
QAPKGTEST[crosspy] = "package_qa_check_crosspy"
# When do_package comes from shared state there is no work directory: the check has sysroots of its own.
do_package_qa[depends] += "python3-crosspy-native:do_populate_sysroot ${MLPREFIX}python3:do_populate_sysroot virtual/${MLPREFIX}libc:do_populate_sysroot"
def package_qa_check_crosspy(package, d, messages=None):
    """Run crosspy verify on a package; each finding has the check's own name, for INSANE_SKIP: XP301 and so on.

    In scarthgap QAPKGTEST's functions are given a dictionary for their findings, too.
    """
    import os
    tree = os.path.join(d.getVar("PKGDEST"), package)
    names = [name for _, _, files in os.walk(tree) for name in files]
    # Headers, documentation or translations alone are nothing that a device loads.
    if package.endswith(("-dbg", "-src", "-dev", "-staticdev", "-doc")) or not any(name.endswith((".py", ".so", "METADATA")) for name in names):
        return
    skip = (d.getVar("INSANE_SKIP") or "").split() + (d.getVar("INSANE_SKIP:" + package) or "").split()
    target = os.path.join(d.getVar("T"), "crosspy-target.json")
    if d.getVar("CROSSPY_QA_TARGET") != target:  # once for all packages
        crosspy_json(d, "describe", "--sysroot", d.getVar("RECIPE_SYSROOT"), "-o", target, "--json")
        d.setVar("CROSSPY_QA_TARGET", target)
    # XP2, XP307 and XP4 look for libraries, distributions and interpreters, which other packages of an image have.
    report = crosspy_json(d, "verify", tree, "--target", target, "--format", "json", "--fail-on", "never", "--ignore", "XP2,XP307,XP4")
    for finding in report["images"][0]["findings"]:
        if finding["severity"] != "info" and finding["check"] not in skip:
            crosspy_report(finding, package, d)

package_qa_check_crosspy[vardepsexclude] = "CROSSPY_QA_TARGET"

def crosspy_report(finding, where, d):
    """Pass one finding of crosspy verify on: an error or a warning, unless the configuration lists it otherwise."""
    check = finding["check"]
    if check not in ("%s %s" % (d.getVar("ERROR_QA"), d.getVar("WARN_QA"))).split():
        d.appendVar("ERROR_QA" if finding["severity"] == "error" else "WARN_QA", " " + check)
    text = "%s: %s: %s" % (where, finding["path"], finding["message"])
    for key in ("expected", "found", "fix"):
        if finding[key]:
            text += "; %s %s" % (key, finding[key]) if key != "fix" else ". " + finding[key]
    oe.qa.handle_error(check, text, d)
crosspy_report[vardepsexclude] = "ERROR_QA WARN_QA"
