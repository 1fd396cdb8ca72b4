import base64
import gzip

import pytest

from armod.course.labs.page import Widget, packed, page

MODULE = "export function mount(stage, data) { stage.textContent = data.word; }"
IMAGE = '<img alt="A word." src="data:,">'


def test_the_same_arguments_give_the_same_page_and_others_another_id():
    one, again = (page(MODULE, {"word": "a"}, IMAGE, label="A word") for _ in range(2))
    other = page(MODULE, {"word": "b"}, IMAGE, label="A word")
    assert one == again
    assert one.split('data-armod="')[1][:18] != other.split('data-armod="')[1][:18]


def test_data_can_not_end_the_script_element():
    made = page(MODULE, {"word": "</script><b>"}, IMAGE, label="A word")
    assert made.count("</script>") == 1


def test_label_is_escaped():
    assert 'aria-label="&quot;x&quot; &lt;y&gt;"' in page(MODULE, {}, IMAGE, label='"x" <y>')


def test_a_module_that_ends_its_script_is_refused():
    with pytest.raises(ValueError, match="</script"):
        page("'</SCRIPT>'", {}, IMAGE, label="A word")


@pytest.mark.parametrize("image", ['<img src="data:,">', '<img alt="" src="data:,">'])
def test_a_picture_without_alternative_text_is_refused(image):
    with pytest.raises(ValueError, match="alternative text"):
        page(MODULE, {}, image, label="A word")


def test_packed_bytes_come_back_and_do_not_depend_on_the_clock():
    raw = bytes(range(256)) * 10
    assert gzip.decompress(base64.b64decode(packed(raw))) == raw
    assert packed(raw) == packed(raw)
    assert base64.b64decode(packed(raw))[4:8] == b"\0\0\0\0"


def test_a_widget_shows_html_and_says_its_sentence():
    widget = Widget("<div></div>", "A widget.")
    assert widget._repr_mimebundle_() == {"text/html": "<div></div>", "text/plain": "A widget."}
    assert str(widget) == "A widget."
