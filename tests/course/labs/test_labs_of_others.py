"""A lab of another package is imported from where ours are."""

import pytest

from armod.course import labs


def test_a_lab_of_another_package_is_imported_like_ours(install):
    source = "from armod.course.labs import Widget\ndef tree_lab(): return Widget('<p>tree</p>', 'A tree.')"
    install("guest", source, {"armod.labs": {"tree_lab": "guest:tree_lab"}})

    from armod.course.labs import tree_lab

    assert str(tree_lab()) == "A tree."
    with pytest.raises(ImportError, match="forest_lab"):
        from armod.course.labs import forest_lab  # noqa: F401
    with pytest.raises(AttributeError, match=r"no lab 'forest_lab'.*mask_lab.*tree_lab"):
        _ = labs.forest_lab
