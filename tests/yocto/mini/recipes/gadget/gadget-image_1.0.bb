SUMMARY = "An image"
LICENSE = "MIT"
inherit crosspy-image
