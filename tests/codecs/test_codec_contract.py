"""What every registered codec promises (licbench.codecs.base). A new codec in the folder is tested from then on.

Its operating points come from config.yaml or the preset future.yaml, thinned. Where ours need trained models, tiny ones
stand in (BLOCKS);
a codec of one's own uses its models in workflow/resources/weights.
"""

import binascii
import hashlib
import io
import json
from functools import cache
from itertools import pairwise

import numpy as np
import PIL.Image
import pytest
from jsonschema import Draft202012Validator
from pictures import photo, smooth, textured
from registered import CODECS, CONFIG, every_codec, is_ready, measurable, sweep
from safetensors.numpy import load_file, save_file

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class, codec_of_file
from licbench.codecs.sr import STRIP_PIXELS
from licbench.errors import CorruptStreamError, LicbenchError
from licbench.images.limits import check_size
from licbench.locations import SHIPPED
from licbench.metrics.distortion import error_moments, psnr
from licbench.networks.store import ModelStore

BLOCKS = {
    "cae": {"rotation": ["none", "offline", "per_image"], "ladder": {"tiny_cae": [8.0, 4.0, 2.0, 1.0, 0.5]}},
    "cae_search": {"rounds": 3, "ladder": {"tiny_cae": [8.0, 2.0, 0.5]}},
    "gan": {
        "families": [
            {"model": ["tiny_gan"], "scale": [1, 2, 3], "bits": [5, 8], "rotated": [True]},
            {"model": ["tiny_gan"], "scale": [1, 4], "bits": [8], "rotated": [False]},
        ]
    },
    "sr": {"model": "tiny_srcnn", "qp": [46, 40, 34, 26]},
    "gan_switch": {"models": ["tiny_gan"], "scale": 2, "lambda": [60000, 6000, 600]},
    "best_of": {
        "members": {
            "jpeg": {"modes": ["420-optimised"], "quality": [5, 20, 60]},
            "gan": {"families": [{"model": ["tiny_gan"], "scale": [1], "bits": [8], "rotated": [True]}]},
            "sr": {"model": "tiny_srcnn", "qp": [38]},
        },
        "lambda": [60000, 3000, 100],
    },
    "sr_restored": {"model": "tiny_restorer", "qp": [46, 40, 34, 26], "size": ["adaptive", "0.7"]},
}
SIZES = [(1, 1), (1, 40), (40, 1), (33, 17), (161, 163)]
POINTS_A_CURVE = 4
FAITHFUL = (
    "avif",
    "bpg",
    "cae",
    "cae_search",
    "jpeg",
    "jpeg2000",
    "jpegxl",
    "sr",
    "sr_restored",
    "vvc",
    "webp",
)
"""Codecs whose best point here has more than 27 dB in each channel; one of yours need not reach that."""
LONG = 600
"""Bytes from which not every byte of a stream is damaged, but some hundred spread over it."""
PLACES = {"jpegxl": 40, "vvc": 40}
"""Fewer places to damage where each stream is decoded in a process of its own; the fuzz corpus has more."""
QUICK = {"vvc": {"qp": [50, 42, 32, 22], "preset": "faster"}}
"""In place of a sweep whose encoder takes seconds."""
TOLERANCE_DB = 0.05

every_codec = every_codec(stand_ins=BLOCKS)
every_size = pytest.mark.parametrize("size", SIZES)


@cache
def curves(codec):
    """Curve -> a few of its operating points, the first and the last among them."""
    found = {}
    for point in codec_class(codec).points(BLOCKS.get(codec) or QUICK.get(codec) or sweep(codec)):
        found.setdefault(point.curve, []).append(point)
    thinned = {}
    for curve, points in found.items():
        places = np.linspace(0, len(points) - 1, min(POINTS_A_CURVE, len(points))).round().astype(int)
        thinned[curve] = [points[place] for place in places]
    return thinned


def middle(codec):
    """One point of each curve."""
    return [points[len(points) // 2] for points in curves(codec).values()]


@pytest.fixture(scope="module")
def fresh(request):
    """A new instance of a codec, with a store of its own: nothing but the stream can carry over."""

    def instance(codec):
        # Tiny models take seconds to make, which a codec without any need not wait for
        return codec_class(codec)(ModelStore(request.getfixturevalue("weights") if codec in BLOCKS else SHIPPED))

    return instance


@pytest.fixture(scope="module")
def short_streams(fresh):
    """For each codec, the stream of a 33x17 picture; codecs without their models have none."""
    picture = textured(33, 17)
    ready = [codec for codec in CODECS if codec in BLOCKS or is_ready(codec)]
    return {codec: fresh(codec).encode(picture, middle(codec)[0]) for codec in ready}


def size_of_jpeg(stream):
    return PIL.Image.open(io.BytesIO(stream)).size[::-1]


def size_of_jpeg2000(stream):
    return int.from_bytes(stream[12:16], "big"), int.from_bytes(stream[8:12], "big")


def size_of_bpg(stream):
    """Two ue7 after magic and flags (BPG specification, 3.1)."""
    numbers, at = [], 6
    while len(numbers) < 2:
        value = 0
        while stream[at] & 0x80:
            value, at = value << 7 | stream[at] & 0x7F, at + 1
        numbers.append(value << 7 | stream[at])
        at += 1
    return numbers[1], numbers[0]


def size_of_avif(stream):
    """The property ispe (ISO 23008-12, 6.5.3)."""
    at = stream.index(b"ispe") + 8
    return int.from_bytes(stream[at + 4 : at + 8], "big"), int.from_bytes(stream[at : at + 4], "big")


def size_of_webp(stream):
    """In the VP8 frame header, 14 bits each (RFC 6386, 9.1)."""
    return int.from_bytes(stream[28:30], "little") & 0x3FFF, int.from_bytes(stream[26:28], "little") & 0x3FFF


HEADERS = {
    "jpeg": size_of_jpeg,
    "jpeg2000": size_of_jpeg2000,
    "bpg": size_of_bpg,
    "avif": size_of_avif,
    "webp": size_of_webp,
}
"""How the size is read that a damaged header of a standard format gives."""
SEALED = ("cae", "gan", "gan_switch", "sr", "sr_restored", "vvc")
"""Our own formats: a checksum keeps the size."""
every_sealed = pytest.mark.parametrize("codec", [measurable(codec, BLOCKS) for codec in SEALED])


def assert_calm(codec, decoder, stream):
    """A damaged stream is an error of one line, or decodes to a picture: of the size that it declares, where we know
    to read that, else of any size that an honest stream may have."""
    try:
        decoded = decoder.decode(stream)
    except LicbenchError as error:
        assert str(error) and "\n" not in str(error)
        return False
    assert decoded.dtype == np.uint8 and decoded.ndim == 3 and decoded.shape[2] == 3
    check_size(*decoded.shape[1::-1])
    if codec in HEADERS:
        assert decoded.shape[:2] == HEADERS[codec](stream)
    if codec in SEALED:
        assert decoded.shape[:2] == (33, 17)
    return True


@every_codec
def test_schemas_describe_every_key(codec):
    kind = codec_class(codec)
    for schema in (kind.settings_schema, {"type": "object", "properties": dict(kind.point_schema)}):
        Draft202012Validator.check_schema(schema)
    assert kind.settings_schema["additionalProperties"] is False
    assert set(kind.settings_schema["required"]) == set(kind.settings_schema["properties"])
    for name, rule in kind.settings_schema["properties"].items():
        assert rule["description"], name
    for name, rule in kind.point_schema.items():
        assert rule["description"], name
        assert Draft202012Validator(rule).is_valid(rule["default"]), name
    if "model" in kind.point_schema:
        assert kind.point_schema["model"]["default"] in CONFIG["models"]


@every_codec
def test_points_are_ids_of_files_and_settings_of_the_command_line(codec):
    kind = codec_class(codec)
    block = sweep(codec)
    points = kind.points(block)
    ids = [point.id for point in points]
    assert points and len(set(ids)) == len(ids)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-") for name in ids)
    for point in points:
        # What the sweep measures can be encoded by hand, too.
        assert set(point.settings) <= set(kind.point_schema)
        Draft202012Validator({"properties": dict(kind.point_schema)}).validate(point.settings)
    named = {point.settings["model"] for point in points if "model" in point.settings}
    assert not named or named == set(kind.required_models(block))


@every_codec
def test_the_extension_leads_back_to_the_codec(codec):
    assert codec_of_file(f"photo{codec_class(codec).extension.upper()}") == codec


@every_codec
def test_version_names_codec_and_libraries(codec, fresh):
    version = fresh(codec).version()
    assert any(character.isdigit() for character in version) and "\n" not in version


@every_codec
@every_size
def test_size_and_type_are_kept(codec, size, fresh):
    picture = textured(*size)
    encoder, decoder = fresh(codec), fresh(codec)
    for point in middle(codec):
        stream = encoder.encode(picture, point)
        assert isinstance(stream, bytes)
        decoded = decoder.decode(stream)
        assert decoded.shape == picture.shape and decoded.dtype == np.uint8


@every_codec
def test_pictures_are_left_as_they_were(codec, fresh):
    picture = smooth(33, 17)
    before = picture.copy()
    picture.flags.writeable = False
    fresh(codec).encode(picture, middle(codec)[0])
    assert np.array_equal(picture, before)


@every_codec
def test_streams_and_pictures_are_the_same_every_time(codec, fresh):
    pictures = [textured(65, 47), photo(50, 66)]
    used = fresh(codec)
    for point in middle(codec):
        for picture in pictures:
            stream = used.encode(picture, point)
            assert stream == used.encode(picture.copy(), point) == fresh(codec).encode(picture, point)
            assert np.array_equal(used.decode(stream), fresh(codec).decode(stream))


@every_codec
def test_points_in_any_order_give_the_same_streams(codec, fresh):
    """What an encoder keeps from one operating point must not colour the next."""
    picture = textured(40, 56)
    points = [point for curve in curves(codec).values() for point in (curve[0], curve[-1])]
    forth, back = fresh(codec), fresh(codec)
    streams = {point.id: forth.encode(picture, point) for point in points}
    assert streams == {point.id: back.encode(picture, point) for point in reversed(points)}


@every_codec
def test_more_bits_never_hurt(codec, fresh):
    picture = photo()
    encoder, decoder = fresh(codec), fresh(codec)
    for curve, points in curves(codec).items():
        streams = sorted((encoder.encode(picture, point) for point in points), key=len)
        quality = [psnr(error_moments(picture, decoder.decode(stream))["sse"], picture.size) for stream in streams]
        # Lossless points have an infinite PSNR each, from which no difference can be taken
        pairs = pairwise(quality)
        assert all(more >= less - TOLERANCE_DB for less, more in pairs), (curve, list(map(len, streams)), quality)
        assert quality[0] == quality[-1] or len(streams[0]) < len(streams[-1])


def likes(picture):
    """The picture as a decoder in error would show it: channels swapped, moved by a pixel, turned over."""
    for axes in ((2, 1, 0), (1, 0, 2), (0, 2, 1)):
        yield picture[..., axes]
    for axis in (0, 1):
        yield np.flip(picture, axis)
        for by in (-1, 1):
            yield np.roll(picture, by, axis)


@pytest.mark.parametrize("codec", [measurable(codec, BLOCKS) for codec in CODECS if codec not in ("gan", "gan_switch")])
def test_the_best_point_resembles_the_picture(codec, fresh):
    """No channel is swapped, no map shifted, no component dropped; of the GAN only a trained one could show it."""
    picture = photo()
    encoder, decoder = fresh(codec), fresh(codec)
    for curve, points in curves(codec).items():
        stream = max((encoder.encode(picture, point) for point in (points[0], points[-1])), key=len)
        decoded = decoder.decode(stream).astype(float)
        error = ((decoded - picture) ** 2).mean()
        assert all(error < ((decoded - other) ** 2).mean() for other in likes(picture)), curve
        if codec in FAITHFUL:
            difference = decoded - picture
            assert 10 * np.log10(255**2 / (difference**2).mean(axis=(0, 1))).min() > 27, curve
            assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5, curve


@every_codec
@pytest.mark.parametrize("mask", [0x01, 0xFF])
def test_every_flipped_byte_is_an_error_or_a_picture(codec, mask, short_streams, fresh):
    stream, decoder = short_streams[codec], fresh(codec)
    for at in range(0, len(stream), 1 + len(stream) // PLACES.get(codec, LONG)):
        assert_calm(codec, decoder, stream[:at] + bytes([stream[at] ^ mask]) + stream[at + 1 :])


@every_codec
def test_every_truncation_is_an_error_or_a_picture(codec, short_streams, fresh):
    stream, decoder = short_streams[codec], fresh(codec)
    for length in range(0, len(stream), 1 + len(stream) // PLACES.get(codec, LONG)):
        assert_calm(codec, decoder, stream[:length])
    for junk in (b"\0", bytes(range(256)), stream):
        assert_calm(codec, decoder, stream + junk)


@every_codec
def test_nothing_is_not_a_stream(codec, fresh):
    with pytest.raises(CorruptStreamError):
        fresh(codec).decode(b"")


@every_codec
def test_streams_of_other_codecs_are_refused(codec, short_streams, fresh):
    """Those that share a decoder have the same streams."""
    picture = io.BytesIO()
    PIL.Image.fromarray(textured(33, 17)).save(picture, "PNG")
    others = [name for name in short_streams if codec_class(name).decode is not codec_class(codec).decode]
    for other in [picture.getvalue(), *(short_streams[name] for name in others)]:
        with pytest.raises(LicbenchError) as raised:
            fresh(codec).decode(other)
        assert "\n" not in str(raised.value)


# Our own formats


def resealed(body):
    """A stream whose checksum is right, whatever it says."""
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


@every_sealed
def test_checksums_notice_every_flip_and_cut(codec, short_streams, fresh):
    stream, decoder = short_streams[codec], fresh(codec)
    for at in range(0, len(stream), 1 + len(stream) // PLACES.get(codec, LONG)):
        for damaged in (stream[:at], stream[:at] + bytes([stream[at] ^ 0x10]) + stream[at + 1 :]):
            with pytest.raises(CorruptStreamError):
                decoder.decode(damaged)


@every_sealed
def test_damage_behind_a_right_checksum(codec, models, fresh):
    """Also what a checksum lets pass must not end in a traceback; magic and size (3 bytes) are spared."""
    decoder, picture, pictures = fresh(codec), textured(33, 17), 0
    for point in middle(codec):
        body = codec_class(codec)(models).encode(picture, point)[:-2]
        for at in [*range(3, 12), *range(12, len(body), 1 + len(body) // (10 if codec in PLACES else 40))]:
            for mask in (0x01, 0x80, 0xFF):
                pictures += assert_calm(codec, decoder, resealed(body[:at] + bytes([body[at] ^ mask]) + body[at + 1 :]))
            assert_calm(codec, decoder, resealed(body[:at]))
        if codec not in ("sr", "sr_restored", "vvc"):  # zeros may follow the image inside (H.265, B.1; H.266, B.1)
            with pytest.raises(CorruptStreamError):
                decoder.decode(resealed(body + b"\0"))
    assert pictures, "no damage reached the pixels: the test does not test"


@every_sealed
def test_impossible_sizes_are_refused_before_they_cost_memory(codec, short_streams, fresh):
    body = short_streams[codec][:-2]
    assert body[1:3] == bytes([17, 33])
    for size in (b"\x00\x01", b"\xff\xff\x03\xff\xff\x03", b"\x80\x80\x04\x01"):
        with pytest.raises(CorruptStreamError, match="impossible size"):
            fresh(codec).decode(resealed(body[:1] + size + body[3:]))


# CAE


def test_rotations_of_the_cae_agree_where_nothing_is_lost(fresh):
    """At a fine step the three rotations give one picture: they are inverted by what the stream says."""
    picture = photo(64, 80)
    decoded = {}
    for rotation in ("none", "offline", "per_image"):
        point = OperatingPoint("fine", "x", {"model": "tiny_cae", "step": 0.01, "rotation": rotation})
        stream = fresh("cae").encode(picture, point)
        assert stream[7] == ("none", "offline", "per_image").index(rotation)
        decoded[rotation] = fresh("cae").decode(stream).astype(int)
    assert np.abs(decoded["none"] - decoded["offline"]).max() <= 1
    assert np.abs(decoded["none"] - decoded["per_image"]).max() <= 3
    assert not np.array_equal(decoded["none"], photo(64, 80))


def test_coarser_steps_of_the_cae_never_cost_more(fresh):
    encoder, picture = fresh("cae"), photo(80, 96)
    for rotation in ("none", "offline", "per_image"):
        lengths = [
            len(
                encoder.encode(
                    picture, OperatingPoint("x", "x", {"model": "tiny_cae", "step": step, "rotation": rotation})
                )
            )
            for step in (0.25, 0.5, 1.0, 2.0, 4.0, 1000.0)
        ]
        assert lengths == sorted(lengths, reverse=True)
    # At the coarsest nothing is left to say: header, fingerprint, mode, step, three empty maps, checksum.
    assert (
        len(
            fresh("cae").encode(
                picture, OperatingPoint("x", "x", {**curves("cae")["none"][0].settings, "step": 1000.0})
            )
        )
        <= 16
    )


def test_each_component_of_the_cae_counts(fresh):
    """A change of chroma alone changes the stream, and comes back."""
    grey = np.repeat(textured(48, 48)[..., :1], 3, axis=2)
    tinted = grey.copy()
    tinted[8:40, 8:40, 2] = np.clip(tinted[8:40, 8:40, 2].astype(int) + 70, 0, 255)
    point = OperatingPoint("x", "x", {"model": "tiny_cae", "step": 0.5, "rotation": "offline"})
    decoded = fresh("cae").decode(fresh("cae").encode(tinted, point)).astype(int)
    assert (decoded[12:36, 12:36, 2] - decoded[12:36, 12:36, 0]).mean() == pytest.approx(
        (tinted[12:36, 12:36, 2].astype(int) - tinted[12:36, 12:36, 0]).mean(), abs=4
    )


# GAN


def test_shallower_codes_of_the_gan_never_cost_more(fresh):
    encoder, picture = fresh("gan"), textured(300, 400)
    for rotated in (True, False):
        settings = {"model": "tiny_gan", "scale": 2, "rotated": rotated}
        lengths = [
            len(encoder.encode(picture, OperatingPoint("x", "x", {**settings, "bits": bits}))) for bits in (5, 6, 7, 8)
        ]
        assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


def test_larger_scales_of_the_gan_make_more_tiles(fresh):
    encoder, picture = fresh("gan"), textured(130, 260)
    lengths = [
        len(
            encoder.encode(
                picture, OperatingPoint("x", "x", {"model": "tiny_gan", "scale": scale, "bits": 8, "rotated": False})
            )
        )
        for scale in (1, 2, 3, 4)
    ]
    # 2x3, 3x5, 4x7 and 5x9 tiles of 128 pixels
    assert np.diff(lengths) == pytest.approx(np.diff([6, 15, 28, 45]) * (lengths[3] - lengths[0]) / 39, rel=0.15)


@pytest.mark.parametrize(("codec", "magic"), [("cae", 0xC1), ("gan", 0xC2)])
def test_streams_of_version_1_are_refused(codec, magic, fresh):
    """Their numbers mean something else now: to decode them would show another picture without a word."""
    settings = {"cae": {"step": 1.0, "rotation": "offline"}, "gan": {"scale": 1, "bits": 8, "rotated": True}}[codec]
    point = OperatingPoint("x", "x", {"model": f"tiny_{codec}", **settings})
    body = fresh(codec).encode(photo(40, 50), point)[:-2]
    old = bytes([magic]) + body[1:]
    with pytest.raises(CorruptStreamError, match=f"not a {codec} stream; decode it with the codec that wrote it"):
        fresh(codec).decode(old + binascii.crc_hqx(old, 0xFFFF).to_bytes(2, "big"))


def test_depth_is_the_only_loss_of_the_gan(weights, tmp_path):
    """The decoded tile comes near to what the networks make without quantiser, nearer with every bit."""
    import torch

    from licbench.networks.gan import Encoder, Generator
    from licbench.networks.inference import network_of

    # Three steps leave a generator that hardly listens to its code; this one shouts.
    tensors = load_file(weights / "tiny_gan.safetensors")
    tensors["generator.project.weight"] *= np.float16(4000)
    save_file(tensors, tmp_path / "loud.safetensors")
    card = json.loads((weights / "tiny_gan.json").read_text())
    card["sha256"] = hashlib.sha256((tmp_path / "loud.safetensors").read_bytes()).hexdigest()
    (tmp_path / "loud.json").write_text(json.dumps(card))
    codec = codec_class("gan")(ModelStore(tmp_path))
    # Of the training set's pictures, so that the codes stay inside the range that it showed
    picture = np.concatenate([textured(128, 144, seed=0)[:, :128], textured(150, 131, seed=1)[:128, :128]], axis=1)
    model = codec.models.load("loud", "gan")
    tiles = torch.from_numpy(np.stack([picture[:, :128], picture[:, 128:]])).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        made = network_of(lambda: Generator(8), model, "generator")(
            network_of(lambda: Encoder(8), model, "encoder")(tiles)
        )
    whole = np.concatenate(list(((made + 1) * 127.5).permute(0, 2, 3, 1).numpy()), axis=1)
    for rotated in (True, False):
        losses = []
        for bits in (5, 6, 7, 8):
            settings = {"model": "loud", "scale": 1, "bits": bits, "rotated": rotated}
            decoded = codec.decode(codec.encode(picture, OperatingPoint("x", "x", settings)))
            losses.append(((decoded - whole) ** 2).mean())
        assert losses == sorted(losses, reverse=True)
        # What is left at 8 bits is hardly more than the rounding of pixels, 1/12.
        assert losses[-1] < 0.1 < losses[0] < whole.var() / 1000


# Super-resolution


def sr_point(qp, **settings):
    return OperatingPoint("x", "x", {"model": "tiny_srcnn", "qp": qp, **settings})


@pytest.mark.parametrize(("threshold", "branch"), [(0.0, "srcnn"), (100.0, "lanczos")])
def test_extreme_thresholds_are_the_branches(threshold, branch, fresh):
    for picture in (photo(90, 70), textured(33, 17)):
        adaptive = fresh("sr").encode(picture, sr_point(36, branch="adaptive", threshold_db=threshold))
        assert adaptive == fresh("sr").encode(picture, sr_point(36, branch=branch))


def test_the_threshold_is_compared_with_what_the_row_says(fresh):
    """adaptive takes SRCNN from Pre_PSNR on, so that choosing among rows gives the same (section 2.3)."""
    picture, codec = photo(90, 70), fresh("sr")
    noted = codec.annotate(picture, sr_point(36, branch="srcnn"))
    assert noted["branch"] == "srcnn" and 20 < noted["pre_psnr_db"] < 50
    for threshold, branch in ((noted["pre_psnr_db"], "srcnn"), (np.nextafter(noted["pre_psnr_db"], 99), "lanczos")):
        adaptive = codec.encode(picture, sr_point(36, branch="adaptive", threshold_db=float(threshold)))
        assert adaptive == codec.encode(picture, sr_point(36, branch=branch))
        # flag 0 is half size and SRCNN, flag 1 is 0.7 of the size and Lanczos (Fig. 4)
        assert adaptive[3] == ("srcnn", "lanczos").index(branch)


def test_a_picture_of_another_size_inside_is_refused(fresh):
    whole, other = (fresh("sr").encode(photo(height, 70), sr_point(36, branch="lanczos")) for height in (90, 80))
    assert whole[:4] == bytes([0xC3, 70, 90, 1])
    with pytest.raises(CorruptStreamError, match="holds an image of another size"):
        fresh("sr").decode(resealed(whole[:4] + other[4:-2]))


def test_the_gan_s_bit_depths_share_one_pass_of_the_encoder(fresh, monkeypatch):
    from licbench.codecs import gan

    passes, vectors = [], gan.LatentVectors
    monkeypatch.setattr(gan, "LatentVectors", lambda *given: passes.append(1) or vectors(*given))
    codec, picture = fresh("gan"), photo(60, 70)
    settings = {"families": [{"model": ["tiny_gan"], "scale": [1, 2], "bits": [8, 7, 6, 5], "rotated": [True]}]}
    alone = [fresh("gan").encode(picture, point) for point in codec.points(settings)]
    passes.clear()
    assert [codec.encode(picture, point) for point in codec.points(settings)] == alone
    assert len(passes) == 2  # one a scale


def test_strips_of_srcnn_leave_no_seam(fresh, models):
    """A picture taller than a strip comes out as if the network had seen it whole."""
    import torch

    from licbench.coding import bpg
    from licbench.images.geometry import resize
    from licbench.networks.inference import network_of
    from licbench.networks.srcnn import SRCNN

    picture = photo(200, 232)
    assert picture.shape[0] > STRIP_PIXELS // picture.shape[1]
    stream = fresh("sr").encode(picture, sr_point(30, branch="srcnn"))
    small = bpg.decode(stream[10:-2])
    assert small.shape == (100, 116, 3)
    blurred = resize(small, 232, 200, "bicubic")
    network = network_of(SRCNN, models.load("tiny_srcnn", "srcnn"), "srcnn")
    with torch.inference_mode():
        sharp = network.enhance(torch.from_numpy(blurred.transpose(2, 0, 1).copy())[:, None].float() / 255)
    expected = np.clip(np.rint(sharp[:, 0].numpy().transpose(1, 2, 0) * 255), 0, 255)
    assert np.abs(fresh("sr").decode(stream) - expected).max() <= 1
