"""Films keep their length, their timing and their sound."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from s2st.batch.films import film_path, frame_path, frames_into, join_frames, pixels_of
from s2st.batch.job import mark_of_file
from s2st.batch.pictures import Picture, png, read

FRAMES, RATE, SOUND = 9, Fraction(30000, 1001), 16000


def drawn(number, width, height):
    """A ramp that moves."""
    across = (np.arange(width) * 3 + 8 * number) % 256
    return np.repeat(np.tile(across.astype(np.uint8), (height, 1))[..., None], 3, axis=2)


@pytest.fixture
def shoot(tmp_path):
    """shoot("a.mp4", 48, 32): a film with a tone."""

    def made(name="drive.mp4", width=48, height=32, sound=True):
        with av.open(str(tmp_path / name), "w") as film:
            video = film.add_stream("libx264", rate=RATE, options={"crf": "1"})
            video.width, video.height = width, height
            video.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"
            tone = film.add_stream("aac", rate=SOUND, layout="mono") if sound else None
            for number in range(FRAMES):
                picture = drawn(number, width, height)
                film.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            film.mux(video.encode(None))
            if tone is not None:
                values = np.sin(np.arange(4096) / 8).astype(np.float32)[None]
                heard = av.AudioFrame.from_ndarray(values, format="fltp", layout="mono")
                heard.sample_rate = SOUND
                film.mux(tone.encode(heard))
                film.mux(tone.encode(None))
        return tmp_path / name

    return made


def facts(path):
    """Frames with their times, and the sound's packets."""
    with av.open(str(path)) as film:
        times = [frame.time for frame in film.decode(video=0)]
        size = film.streams.video[0].width, film.streams.video[0].height
        rate = film.streams.video[0].average_rate
    with av.open(str(path)) as film:
        heard = [bytes(one) for one in film.demux(film.streams.audio) if one.size]
    return times, size, rate, heard


def inverted(frames, results, count):
    """What stands for a translation."""
    results.mkdir()
    for number in range(1, count + 1):
        pixels = 1 - read(frame_path(frames, number)).pixels
        frame_path(results, number).write_bytes(png(Picture(pixels), {}))


@pytest.mark.parametrize(("width", "height"), [(48, 32), (45, 31)])
def test_length_timing_size_and_sound_are_kept(shoot, tmp_path, width, height):
    film, told = shoot(width=width, height=height), []
    assert frames_into(film, tmp_path / "frames") == FRAMES
    inverted(tmp_path / "frames", tmp_path / "results", FRAMES)
    target = film_path(film, tmp_path / "out")
    raw, held = join_frames(
        film, tmp_path / "results", target, 0.0, on_frame=lambda: told.append(1)
    )
    assert facts(target) == facts(film) and len(facts(film)[3]) > 1
    assert len(told) == FRAMES
    assert raw == held == pytest.approx(1, abs=0.1)
    with av.open(str(target)) as joined:
        first = pixels_of(next(joined.decode(video=0)))
    wanted = 1 - torch.from_numpy(drawn(0, width, height)).permute(2, 0, 1)[None] / 255
    assert float((first - wanted).abs().mean()) < 0.03
    assert sorted(one.name for one in target.parent.iterdir()) == [target.name]


def test_frames_that_are_there_stay_and_another_films_are_refused(shoot, tmp_path):
    film, folder = shoot(), tmp_path / "frames"
    frames_into(film, folder)
    touched = frame_path(folder, 1).stat().st_mtime_ns
    assert frames_into(film, folder) == FRAMES
    assert frame_path(folder, 1).stat().st_mtime_ns == touched
    for marks in ((folder / "film").read_text(), f"{mark_of_file(film)} 0 0"):
        (folder / "film").write_text(marks)  # also where a kill came before the end
        with pytest.raises(ValueError, match="holds frames of another film than other.mp4"):
            frames_into(shoot("other.mp4", 32, 32), folder)


def test_part_of_a_film_is_a_shorter_one(shoot, tmp_path):
    film = shoot(sound=False)
    assert frames_into(film, tmp_path / "frames", limit=4) == 4
    inverted(tmp_path / "frames", tmp_path / "results", 4)
    join_frames(film, tmp_path / "results", tmp_path / "short.mp4", 0.0, limit=4)
    assert len(facts(tmp_path / "short.mp4")[0]) == 4
    assert frames_into(film, tmp_path / "frames", limit=2) == 2
    assert frames_into(film, tmp_path / "frames") == FRAMES  # the rest of it
    assert frames_into(film, tmp_path / "frames", limit=4) == 4


def test_a_frame_that_is_missing_leaves_no_half_of_a_film(shoot, tmp_path):
    film = shoot()
    frames_into(film, tmp_path / "frames")
    inverted(tmp_path / "frames", tmp_path / "results", FRAMES - 1)
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="0000009.png cannot be read"):
        join_frames(film, tmp_path / "results", tmp_path / "out" / "a.mp4", 0.0)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("contents", [b"", b"no film", b"\0\0\0\x18ftypmp42" + bytes(99)])
def test_what_is_no_film_is_refused_in_a_sentence(tmp_path, contents):
    (tmp_path / "bad.mp4").write_bytes(contents)
    with pytest.raises(ValueError, match=r"bad\.mp4 (cannot be read as a film|has no)"):
        frames_into(tmp_path / "bad.mp4", tmp_path / "frames")


def test_sound_alone_is_no_film(tmp_path):
    with av.open(str(tmp_path / "tone.m4v"), "w", format="mp4") as film:
        tone = film.add_stream("aac", rate=SOUND, layout="mono")
        silence = np.zeros((1, 2048), dtype=np.float32)
        heard = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        heard.sample_rate = SOUND
        film.mux(tone.encode(heard))
        film.mux(tone.encode(None))
    with pytest.raises(ValueError, match="tone.m4v has no pictures"):
        frames_into(tmp_path / "tone.m4v", tmp_path / "frames")


def test_other_kinds_of_files_go_where_any_sound_fits(tmp_path):
    names = [
        film_path(tmp_path / f"a.{one}", tmp_path).name for one in ("MP4", "mov", "webm", "avi")
    ]
    assert names == ["a.mp4", "a.mov", "a.mkv", "a.mkv"]
