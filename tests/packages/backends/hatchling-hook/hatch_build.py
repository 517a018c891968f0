from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        extension = Extension("be_hatchling._answer", ["be_hatchling/_answer.c"])
        command = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
        command.inplace = True
        command.ensure_finalized()
        command.run()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
