# crosspy_lock.bbclass: a Python application as its lock file has it (PEP 751, made by crosspy lock). A recipe:
#
#   SUMMARY = "What the gateway runs"
#   LICENSE = "MIT & BSD-3-Clause"
#   LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"
#   CROSSPY_LOCK = "pylock.toml"
#   inherit crosspy_lock
#
# The lock, and pylock.build.toml, which crosspy lock writes beside it, lie where SRC_URI's files do. At parse time each
# file that they name becomes an entry of SRC_URI with the sha256 that they have: mirrors, BB_NO_NETWORK and fetch work
# as ever; nothing is resolved, and no server is asked. do_compile builds exactly those files, offline. Each
# distribution is a package, ${PN}-NAME, with its own dependencies and licence; ${PN} has no files and needs them all.
# LICENSE names all of their licences: one that it does not name is an error of do_package_qa.
#
# To make or to refresh it: bitbake -c update_pylock RECIPE, with requirements.txt beside the lock; then commit both files.

inherit crosspy

CROSSPY_LOCK ?= "pylock.toml"
CROSSPY_LOCK[doc] = "The lock file, looked for as SRC_URI's files are."

CROSSPY_LOCK_PROVIDED ?= ""
CROSSPY_LOCK_PROVIDED[doc] = "Distributions of the lock that the layers provide as python3-NAME: these are used, and not built."

CROSSPY_LOCK_REQUIREMENTS ?= "requirements.txt"
CROSSPY_LOCK_REQUIREMENTS[doc] = "What update_pylock locks: a file that crosspy lock -r takes, looked for as the lock is."

CROSSPY_LOCK_CACHE ?= "${TMPDIR}/crosspy-cache"
CROSSPY_LOCK_CACHE[doc] = "Where built wheels are kept, so that a changed lock builds what changed in it: keyed by all that decides \
a wheel, sysroots included. It may be removed at any time; '' builds all of the lock each time."

# OE-core has one CVE_VERSION for a recipe: a product of a distribution would be told with the application's version.
# SPDX_PACKAGE_URLS has each distribution's own.
CVE_PRODUCT ?= ""

CROSSPY_LOCK_FILES = "${CROSSPY_LINKS}/crosspy-lock"
CROSSPY_LOCK_CRATES = "${CROSSPY_LINKS}/cargo_home/bitbake"

S = "${CROSSPY_LINKS}"

def crosspy_lock_read(path, d):
    """The packages of a lock file. A lock that is not sound is an error at parse time."""
    import re
    try:
        import tomllib
    except ImportError:
        bb.fatal("%s: CROSSPY_LOCK is read by Python 3.11 or newer" % d.getVar("PN"))
    try:
        with open(path, "rb") as file:
            packages = tomllib.load(file)["packages"]
        for package in packages:
            words = [package["name"], package["version"]]
            words += [crate[key] for crate in crosspy_lock_crate_entries(package) for key in ("name", "version")]
            words += [file.get("url", "none") for file in crosspy_lock_file_entries(package)]
            for word in words:
                # What is expanded, or divides SRC_URI, is no name, version or address.
                if not re.fullmatch(r"[A-Za-z0-9][^\s${}@`'\"\\]{0,1000}", word):
                    raise ValueError("%.100r is no name, version or address" % word)
            list(crosspy_lock_entries(package, d))
        return packages
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        bb.fatal("%s: %s is no lock file: %s %.300s; make it anew with crosspy lock" % (d.getVar("PN"), path, type(error).__name__, error))

def crosspy_lock_paths(d):
    """The lock, and the build machine's beside it where there is one; none where update_pylock is to write them first."""
    import os
    path = crosspy_lock_goal(d)
    if not path:
        bb.fatal("%s: CROSSPY_LOCK = \"%s\" is in none of the directories of FILESPATH, nor is %s, of which bitbake -c update_pylock would make it" % (d.getVar("PN"), d.getVar("CROSSPY_LOCK"), d.getVar("CROSSPY_LOCK_REQUIREMENTS")))
    words = os.path.basename(path).split(".")
    beside = words[:-1] + ["build"] if len(words) == 2 else [words[0], words[1] + "-build"]
    paths = [path, os.path.join(os.path.dirname(path), ".".join([*beside, "toml"]))]
    for one in paths:
        # Also of one that is not there: when it is, the recipe is parsed anew.
        bb.parse.mark_dependency(d, one)
    return [one for one in paths if os.path.exists(one)] if os.path.exists(path) else []

def crosspy_lock_goal(d):
    """Where the lock is, or is to be: beside its requirements; '' where neither is."""
    import os
    lock, requirements = (bb.utils.which(d.getVar("FILESPATH"), d.getVar(name)) for name in ("CROSSPY_LOCK", "CROSSPY_LOCK_REQUIREMENTS"))
    return lock or (requirements and os.path.join(os.path.dirname(requirements), d.getVar("CROSSPY_LOCK")))

def crosspy_lock_file_entries(package):
    return [*([package["sdist"]] if "sdist" in package else []), *package.get("wheels", [])]

def crosspy_lock_crate_entries(package):
    return package.get("tool", {}).get("crosspy", {}).get("crates", [])

def crosspy_lock_entries(package, d):
    """Yield (entry of SRC_URI, name of its checksum, sha256) of one package's files and crates."""
    import re
    for file in crosspy_lock_file_entries(package):
        name, sha256 = file.get("name", ""), file.get("hashes", {}).get("sha256", "")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not re.fullmatch(r"\w[\w.+!-]*", name) or "url" not in file:
            bb.fatal("%s: %s of %s needs a name, a url and a sha256: make the lock anew with crosspy lock, from an index" % (d.getVar("CROSSPY_LOCK"), name or "a file", package.get("name")))
        key = re.sub(r"[^A-Za-z0-9.]", "-", name)
        url = file["url"].replace(";", "%3B")
        yield "%s;name=%s;downloadfilename=%s;unpack=0;subdir=crosspy-lock" % (url, key, name), key, sha256
    for crate in crosspy_lock_crate_entries(package):
        if not crate.get("sha256"):
            bb.fatal("%s: the crate %s of %s is from %s, which has no checksum" % (d.getVar("CROSSPY_LOCK"), crate["name"], package["name"], crate["source"]))
        # The registry's name, as its index has it: .../NAME-index.
        registry = crate["source"].rpartition("/")[2].removesuffix("-index")
        yield "crate://%s/%s/%s" % (registry, crate["name"], crate["version"]), "%s-%s" % (crate["name"], crate["version"]), crate["sha256"]

def crosspy_lock_uris(d):
    import os
    paths = crosspy_lock_paths(d)
    packages = [package for path in paths for package in crosspy_lock_read(path, d)]
    uris = ["file://" + os.path.basename(path) for path in paths]
    uris += [entry for package in packages for entry, _, _ in crosspy_lock_entries(package, d)]
    return " ".join(dict.fromkeys(uris))

# Not in the function below: whether there are crates decides what class crosspy inherits.
SRC_URI:append = " ${@crosspy_lock_uris(d)}"

python () {
    import re
    from urllib.parse import quote
    paths = crosspy_lock_paths(d)
    locks = [crosspy_lock_read(path, d) for path in paths]
    for package in [package for lock in locks for package in lock]:
        for _, key, sha256 in crosspy_lock_entries(package, d):
            if d.getVarFlag("SRC_URI", key + ".sha256sum") not in (None, sha256):
                bb.fatal("%s names %s with two checksums" % (d.getVar("CROSSPY_LOCK"), key))
            d.setVarFlag("SRC_URI", key + ".sha256sum", sha256)
    pn, ml = d.getVar("PN"), d.getVar("MLPREFIX")
    provided = d.getVar("CROSSPY_LOCK_PROVIDED").split() if locks else []
    target = locks[0] if locks else []
    unknown = sorted(set(provided) - {package["name"] for package in target})
    if unknown:
        bb.fatal("%s has no %s, which CROSSPY_LOCK_PROVIDED names" % (d.getVar("CROSSPY_LOCK"), ", ".join(unknown)))
    own = [package for package in target if package["name"] not in provided]
    # A multilib's names are given in full: those of DEPENDS have had theirs when this runs.
    provided = [ml + (crosspy_recipe_of(name, d) or "python3-" + name) for name in provided]
    d.setVar("CROSSPY_LOCK_NAMES", " ".join(package["name"] for package in own))
    # What is compiled against: the layers' packages are in the sysroot.
    d.appendVar("DEPENDS", "".join(" " + recipe for recipe in provided))
    for package in own:
        name = "%s-%s" % (pn, package["name"])
        d.prependVar("PACKAGES", name + " ")
        d.setVar("SPDX_PACKAGE_URLS:" + name, "pkg:pypi/%s@%s" % (package["name"], quote(package["version"], safe="")))
        d.setVar("PKGV:" + name, re.sub(r"[^A-Za-z0-9.+~]", "+", package["version"]))
        d.appendVar("RDEPENDS:" + pn, " " + name)
    d.appendVar("RDEPENDS:" + pn, "".join(" " + recipe for recipe in provided))
    if not locks:
        d.prependVarFlag("do_compile", "prefuncs", "crosspy_lock_absent ")
    # There is no project with a pyproject.toml: the lock has what builds need.
    functions = (d.getVarFlag("do_configure", "postfuncs") or "").split()
    d.setVarFlag("do_configure", "postfuncs", " ".join(name for name in functions if name != "crosspy_check_requires"))
}
ALLOW_EMPTY:${PN} = "1"

python crosspy_lock_absent() {
    bb.fatal("%s is not there yet: bitbake -c update_pylock %s writes it" % (crosspy_lock_goal(d), d.getVar("PN")))
}

crosspy_lock_do_compile() {
    crosspy_run crosspy wheel ${CROSSPY_ENV} ${CROSSPY_JOBS} --lock ${CROSSPY_LINKS}/${CROSSPY_LOCK} --no-index --find-links ${CROSSPY_LOCK_FILES} ${@crosspy_lock_crates(d)} ${@crosspy_lock_cache(d)}${@crosspy_exports(d)} -w ${CROSSPY_WHEELS} ${CROSSPY_LOCK_NAMES}
}

def crosspy_lock_crates(d):
    return "--crates ${CROSSPY_LOCK_CRATES}" if crosspy_has_crates(d) else ""

def crosspy_lock_cache(d):
    """The wheel cache of a state of the sysroots: programs in the native one (cmake, swig) are in no key of crosspy's own."""
    import hashlib
    top = d.getVar("CROSSPY_LOCK_CACHE")
    if not top:
        return "--no-cache"
    tasks = (d.getVar("BB_TASKDEPDATA", False) or {}).values()
    state = sorted("%s %s" % (task.pn, task.unihash) for task in tasks if task.taskname == "do_populate_sysroot")
    return "--cache %s/%s" % (top, hashlib.sha256("\n".join(state).encode()).hexdigest()[:16])

# It decides no result, nor does it where BitBake has not run yet.
crosspy_lock_cache[vardepsexclude] = "BB_TASKDEPDATA CROSSPY_LOCK_CACHE"

EXPORT_FUNCTIONS do_compile

# ---- one package for each distribution

do_install[postfuncs] =+ "crosspy_lock_note"
python crosspy_lock_note() {
    """Write down which files are whose, before stripping makes RECORD wrong; licences and requirements with them."""
    import csv, glob, json, os
    root = d.getVar("D")
    bill = crosspy_json(d, "sbom", root, "--name", d.getVar("PN"))
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    # Crates are parts of distributions, and have names of these at times (idna).
    distributions = [one for one in bill["components"] if one["purl"].startswith("pkg:pypi/")]
    names = {one["purl"]: one["name"] for one in distributions}
    notes = {}
    for one in distributions:
        licence = " & ".join(entry.get("expression", "") for entry in one.get("licenses", []))
        notes[one["name"]] = {
            "licence": crosspy_lock_licence(licence),
            "summary": one.get("description", ""),
            "requires": sorted(names[purl] for purl in needs.get(one["purl"], []) if purl in names),
            "files": [],
        }
    for record in glob.glob(root + "/**/*.dist-info/RECORD", recursive=True):
        info = os.path.dirname(record)
        site = os.path.dirname(info)
        with open(os.path.join(info, "METADATA"), encoding="utf-8", errors="replace") as file:
            name = crosspy_name(next(line for line in file if line.startswith("Name:"))[5:].strip())
        with open(record, encoding="utf-8", newline="") as file:
            paths = [os.path.normpath(os.path.join(site, row[0])) for row in csv.reader(file) if row]
        notes[name]["files"] = sorted("/" + os.path.relpath(path, root) for path in paths)
    with open(os.path.join(d.getVar("CROSSPY_DIR"), "packages.json"), "w") as file:
        json.dump(notes, file, indent=1, sort_keys=True)
}

def crosspy_lock_licence(expression):
    """An SPDX expression as LICENSE has it: OE-core's own spelling up to wrynose."""
    if hasattr(getattr(oe, "license", None), "convert_legacy_license_to_spdx"):
        return expression.replace(" & ", " AND ")
    return expression.replace(" WITH ", "-with-").replace(" AND ", " & ").replace(" OR ", " | ")

PACKAGESPLITFUNCS:prepend = "crosspy_lock_split "
python crosspy_lock_split() {
    import json, os, re
    with open(os.path.join(d.getVar("CROSSPY_DIR"), "packages.json")) as file:
        notes = json.load(file)
    pn = d.getVar("PN")
    # Requirements between them are known here; those of the lock that the layers have are in ${PN}'s.
    d.appendVar("CROSSPY_RDEPENDS_IGNORE", " " + " ".join([*notes, *d.getVar("CROSSPY_LOCK_PROVIDED").split()]))
    for name, note in notes.items():
        package = "%s-%s" % (pn, name)
        d.setVar("FILES:" + package, " ".join(path.replace("[", "[[]").replace(" ", "?") for path in note["files"]))
        d.appendVar("RDEPENDS:" + package, "".join(" %s-%s" % (pn, other) for other in note["requires"]))
        if not d.getVar("LICENSE:" + package):
            if note["licence"]:
                d.setVar("LICENSE:" + package, note["licence"])
            else:
                bb.warn("%s: its metadata state no licence that is clear: LICENSE:${PN}-%s = \"...\"" % (name, name))
        if note["summary"]:
            d.setVar("SUMMARY:" + package, note["summary"])
    licences = [re.findall(r"[^\s()&|]+(?: WITH [^\s()]+)?", d.getVar(name) or "") for name in ("LICENSE", *("LICENSE:%s-%s" % (pn, name) for name in notes))]
    missing = sorted({name for names in licences[1:] for name in names} - {"AND", "OR", *licences[0]})
    if missing:
        # do_package_qa names them one by one.
        bb.warn("A licence of the lock is not in the recipe's: LICENSE = \"%s\"" % crosspy_lock_licence(" AND ").join([d.getVar("LICENSE"), *missing]))
}

# OE-core's SPDX 3 has one version for all packages of a recipe: the application's. A purl has the distribution's own.
do_create_spdx[postfuncs] =+ "crosspy_lock_spdx_versions"
python crosspy_lock_spdx_versions() {
    import glob, json
    from urllib.parse import unquote
    for path in glob.glob(d.getVar("SPDXDEPLOY") + "/**/package-*.json", recursive=True):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        for element in document.get("@graph", []):
            purl = element.get("software_packageUrl", "")
            if purl.startswith("pkg:pypi/"):
                element["software_packageVersion"] = unquote(purl.rpartition("@")[2])
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, sort_keys=True, indent=2)
}

# ---- a new lock

addtask update_pylock after do_configure
do_update_pylock[doc] = "Resolve CROSSPY_LOCK_REQUIREMENTS for the target, and write the lock files of the layer"
do_update_pylock[network] = "1"
do_update_pylock[nostamp] = "1"
do_update_pylock() {
    crosspy_run crosspy lock ${CROSSPY_ENV} -r ${@bb.utils.which(d.getVar("FILESPATH"), d.getVar("CROSSPY_LOCK_REQUIREMENTS")) or d.getVar("CROSSPY_LOCK_REQUIREMENTS")} -o ${@crosspy_lock_goal(d)}
}
