"""What every picture must pass."""

from __future__ import annotations

from armod.figures.picture import Picture


def assert_whole(picture: Picture) -> None:
    """It has words and numbers, and none of its texts is cut off."""
    assert len(str(picture)) > 40 and picture.table
    picture.draw_without_rendering()
    texts = [*picture.texts]
    for axes in picture.axes:
        if axes.axison:
            legend = axes.get_legend().get_texts() if axes.get_legend() else []
            texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label, *legend]
    for text in texts:
        box = text.get_window_extent()
        if text.get_text() and text.get_visible():
            assert box.x0 >= -1 and box.x1 <= picture.bbox.x1 + 1, text
            assert box.y0 >= -1 and box.y1 <= picture.bbox.y1 + 1, text
