from PIL import Image

from s2st.batch import sheets
from s2st.batch.sheets import draw_sheets


def test_sheets_show_what_has_a_result(items, out, monkeypatch, draw):
    monkeypatch.setattr(sheets, "EACH", 2)
    for item in items[:3]:
        item.target.parent.mkdir(parents=True, exist_ok=True)
        draw(9, "night", 64).save(item.target)
    first, second = draw_sheets(items, out)
    assert [first.name, second.name] == ["0001.jpg", "0002.jpg"]
    wide, narrow = Image.open(first), Image.open(second)
    assert wide.height == narrow.height > 192 and wide.width > narrow.width


def test_a_damaged_picture_is_left_out(items, out, draw):
    for item in items[:2]:
        item.target.parent.mkdir(parents=True, exist_ok=True)
        draw(9, "night").save(item.target)
    items[0].source.write_bytes(b"")
    (sheet,) = draw_sheets(items, out)
    alone = Image.open(sheet)
    items[0].target.unlink()
    again = Image.open(draw_sheets(items, out)[0])
    assert alone.tobytes() == again.tobytes()
