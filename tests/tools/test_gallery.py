"""The strips are there, and on the page of the node that they are of."""

from PIL import Image

from tools.environment import ROOT
from tools.gallery import ALL_STRIPS, STRIPS


def test_every_strip_is_a_picture_on_the_page_of_its_node():
    assert {strip.file for strip in ALL_STRIPS} == set(STRIPS.glob("*.jpg"))
    for strip in ALL_STRIPS:
        page = (ROOT / "web" / "docs" / f"{strip.node}.md").read_text(encoding="utf-8")
        assert f"![{strip.setting}](../strips/{strip.file.name})" in page
        with Image.open(strip.file) as picture:
            columns = 1 + len(strip.values)
            assert picture.width // picture.height >= columns - 1
