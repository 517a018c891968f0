"""What is changed of pip itself."""

from __future__ import annotations

import functools
import optparse
import site
import sys
import types
from typing import Any

import pytest


def test_an_isolated_build_sees_no_packages_of_the_build_machine(shims, monkeypatch):
    """pip hides from it what site.getsitepackages() lists: with --system-site-packages a build Python's own, too."""
    package = shims().load("pip")
    monkeypatch.setattr(package.facts, "PACKAGES", ("/native/site-packages",))
    monkeypatch.setattr(site, "PREFIXES", list(site.PREFIXES))
    monkeypatch.setattr(site, "getsitepackages", site.getsitepackages)
    monkeypatch.setattr(sys, "path", [*sys.path, "/native/site-packages"])
    package.apply(types.ModuleType("pip"))
    assert "/native/site-packages" in site.getsitepackages()
    assert any(path.startswith(f"{sys.prefix}/build/") for path in site.getsitepackages())
    assert "/native/site-packages" not in sys.path


def old(_option: object, _name: str, value: str, parser: Any) -> None:
    """pip 22 to 23.0: the last one of a name stays."""
    settings = parser.values.config_settings or {}
    key, _, text = value.partition("=")
    parser.values.config_settings = {**settings, key: text}


def new(_option: object, _name: str, value: str, parser: Any) -> None:
    """pip 23.1 and later."""
    settings = parser.values.config_settings or {}
    key, _, text = value.partition("=")
    if key in settings:
        settings[key] = [*(settings[key] if isinstance(settings[key], list) else [settings[key]]), text]
    else:
        settings[key] = text
    parser.values.config_settings = settings


@pytest.mark.parametrize("handle", [old, new])
def test_settings_of_one_name_are_a_list(shims, handle):
    module: Any = types.ModuleType("pip._internal.cli.cmdoptions")
    module.config_settings = functools.partial(
        optparse.Option,
        "--config-settings",
        dest="config_settings",
        type=str,
        action="callback",
        callback=handle,
    )
    shims().load("pip").apply(module)
    parser = optparse.OptionParser()
    parser.add_option(module.config_settings())
    words = [f"--config-settings={setting}" for setting in ("a=1", "b=x=y", "a=2", "a=3")]
    options, _ = parser.parse_args(words)
    assert options.config_settings == {"a": ["1", "2", "3"], "b": "x=y"}


def test_a_pip_without_that_option_is_left_alone(shims):
    module = types.ModuleType("pip._internal.cli.cmdoptions")
    before = dict(vars(module))
    shims().load("pip").apply(module)
    assert vars(module) == before
