from skbuild import setup

setup(packages=["be_skbuild"])
