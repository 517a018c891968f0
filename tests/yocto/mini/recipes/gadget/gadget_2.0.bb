SUMMARY = "A recipe as a user would write it"
LICENSE = "MIT"
CROSSPY_CONFIG_SETTINGS = "setup-args=-Dblas=none"
inherit crosspy
