from setuptools import Extension


def pdm_build_update_setup_kwargs(context, setup_kwargs):
    setup_kwargs["ext_modules"] = [Extension("be_pdm._answer", ["be_pdm/_answer.c"])]
