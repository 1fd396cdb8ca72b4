"""Other packages add to armod by entry points: found by name, imported on first use, and named when they are broken."""

import sys

import pytest

from armod.plugins import PluginError, plugins

GROUP = "armod.tests"


def test_what_a_package_adds_is_imported_on_first_use_and_kept(install):
    install("guest", "value = object()", {GROUP: {"thing": "guest:value", "another": "guest:value"}})

    found = plugins(GROUP)

    assert list(found) == ["another", "thing"] and "guest" not in sys.modules
    assert found["thing"] is sys.modules["guest"].value
    assert found["thing"] is plugins(GROUP)["thing"]
    assert "nothing" not in found and found.get("nothing") is None


@pytest.mark.parametrize(
    ("source", "value", "reason"),
    [
        ("raise RuntimeError('no such device')", "guest:value", "RuntimeError: no such device"),
        ("", "guest:value", "AttributeError: module 'guest' has no attribute 'value'"),
        ("", "stranger:value", "ModuleNotFoundError: No module named 'stranger'"),
    ],
)
def test_a_broken_one_is_one_sentence_that_names_the_package_and_spares_the_others(
    install, source, value, reason
):
    install("guest", source, {GROUP: {"broken": value}})
    install("sound", "value = 1", {GROUP: {"whole": "sound:value"}})

    with pytest.raises(PluginError) as raised:
        plugins(GROUP)["broken"]

    assert str(raised.value) == (
        f"The package guest 1.0 adds 'broken' to armod.tests, but {value} can't be loaded ({reason}): "
        "mend or uninstall that package."
    )
    assert plugins(GROUP)["whole"] == 1


def test_one_name_of_two_packages_is_neither(install):
    install("guest", "value = 1", {GROUP: {"thing": "guest:value"}})
    install("sound", "value = 2", {GROUP: {"thing": "sound:value"}})

    with pytest.raises(PluginError, match=r"guest 1\.0 and sound 1\.0 add 'thing'"):
        plugins(GROUP)["thing"]
