from pathlib import Path

import matplotlib
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont

import armod.figures.style
from armod.figures import new_picture
from armod.figures.style import COLOURS, css_variables, rc_params

FONTS = Path(armod.figures.style.__file__).parent / "fonts"


def test_drawings_use_the_fonts_that_ship_with_the_package():
    with matplotlib.rc_context(rc_params()):
        assert Path(findfont("Inter")).parent == FONTS
        assert Path(findfont(FontProperties(family="Inter", weight="bold"))) == FONTS / "Inter-Bold.otf"


def test_fonts_are_small_and_hold_what_the_figures_write():
    needed = set(map(ord, "aZ09 ≥≤<>=→←↑↓×·−⁰¹²³⁹₀₁₉αμσπθΣ∏≈≠∞✓"))
    for path in FONTS.glob("*.otf"):
        assert path.stat().st_size < 150_000
        assert needed <= set(TTFont(path).getBestCmap()), path.name
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text()


def test_a_letter_that_the_font_lacks_comes_from_dejavu(recwarn):
    with new_picture(2, 1) as picture:
        picture.text(0.5, 0.5, "∈ ℝ")
        picture.describe("Two symbols.", {})
        picture.png()
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_the_palette_reaches_the_pages():
    assert f"--armod-output-text: {COLOURS['output_text']};" in css_variables()
