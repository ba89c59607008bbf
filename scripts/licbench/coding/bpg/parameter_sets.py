"""HEVC's parameter sets as BPG treats them: the VPS and most of the SPS are dropped, and rebuilt for a decoder.

Syntax: ITU-T H.265, 7.3.2.1, 7.3.2.2 and 7.3.3; which fields BPG keeps and which values it fixes: BPG
specification 0.9.5, sections 3.1 (hevc_header) and 3.2 (hevc_data).
"""

from __future__ import annotations

from dataclasses import dataclass

from licbench.coding.bpg import nal
from licbench.coding.bpg.bits import BitReader, BitWriter
from licbench.errors import CorruptStreamError, LicbenchError

MAX_LOG2_CODING_TREE_BLOCK_MINUS3 = 3
LOG2_MAX_PICTURE_ORDER_COUNT_MINUS4 = 4
RANGE_EXTENSION_FLAGS = 9
RANGE_EXTENSIONS_PROFILE = 4
LEVEL_8_5 = 255


@dataclass(frozen=True)
class PcmTools:
    """The fields of an SPS behind pcm_enabled_flag."""

    bit_depth_luma_minus1: int
    bit_depth_chroma_minus1: int
    log2_min_block_minus3: int
    log2_diff_max_min_block: int
    loop_filter_disabled: bool


@dataclass(frozen=True)
class CodingTools:
    """The SPS fields that a BPG file keeps, in its order; pcm and range_extension are None where absent."""

    log2_min_coding_block_minus3: int
    log2_diff_max_min_coding_block: int
    log2_min_transform_block_minus2: int
    log2_diff_max_min_transform_block: int
    max_transform_hierarchy_depth_intra: int
    sample_adaptive_offset: bool
    pcm: PcmTools | None
    strong_intra_smoothing: bool
    range_extension: int | None

    def padded(self, width: int, height: int) -> tuple[int, int]:
        """The coded picture's size: whole numbers of the smallest coding block."""
        block = 8 << self.log2_min_coding_block_minus3
        return -(-width // block) * block, -(-height // block) * block


def read_header(header: bytes) -> CodingTools:
    """Parse the hevc_header of a BPG file, without its length.

    Raises:
        CorruptStreamError: the fields run over the end, or ask for what HEVC does not have.
    """
    reader = BitReader(header)
    tools = CodingTools(
        log2_min_coding_block_minus3=reader.exp_golomb(),
        log2_diff_max_min_coding_block=reader.exp_golomb(),
        log2_min_transform_block_minus2=reader.exp_golomb(),
        log2_diff_max_min_transform_block=reader.exp_golomb(),
        max_transform_hierarchy_depth_intra=reader.exp_golomb(),
        sample_adaptive_offset=reader.flag(),
        pcm=_read_pcm(reader),
        strong_intra_smoothing=reader.flag(),
        range_extension=_read_range_extension(reader),
    )
    log2_tree_block_minus3 = tools.log2_min_coding_block_minus3 + tools.log2_diff_max_min_coding_block
    if log2_tree_block_minus3 > MAX_LOG2_CODING_TREE_BLOCK_MINUS3:
        raise CorruptStreamError("BPG stream asks for larger blocks than HEVC has; fetch the file again")
    return tools


def write_header(tools: CodingTools) -> bytes:
    """The hevc_header of a BPG file, without its length."""
    writer = BitWriter()
    _write_block_sizes(writer, tools)
    writer.exp_golomb(tools.max_transform_hierarchy_depth_intra)
    writer.flag(tools.sample_adaptive_offset)
    _write_pcm(writer, tools.pcm)
    writer.flag(tools.strong_intra_smoothing)
    _write_range_extension(writer, tools.range_extension)
    return writer.aligned()


def read_sps(sps: bytes) -> CodingTools:
    """The coding tools of an encoder's SPS (its raw payload).

    Raises:
        LicbenchError: the SPS uses what a BPG file cannot say.
    """
    reader = BitReader(sps)
    _expect(reader.unsigned(4), 0, "sps_video_parameter_set_id")
    _expect(reader.unsigned(3), 0, "sps_max_sub_layers_minus1")
    reader.flag()  # sps_temporal_id_nesting_flag
    reader.unsigned(96)  # profile_tier_level
    _expect(reader.exp_golomb(), 0, "sps_seq_parameter_set_id")
    if reader.exp_golomb() == 3:  # chroma_format_idc
        _expect(reader.flag(), False, "separate_colour_plane_flag")
    reader.exp_golomb()  # pic_width_in_luma_samples
    reader.exp_golomb()  # pic_height_in_luma_samples
    _expect(reader.flag(), False, "conformance_window_flag")
    _expect(reader.exp_golomb(), 0, "bit_depth_luma_minus8")
    _expect(reader.exp_golomb(), 0, "bit_depth_chroma_minus8")
    _expect(reader.exp_golomb(), LOG2_MAX_PICTURE_ORDER_COUNT_MINUS4, "log2_max_pic_order_cnt_lsb_minus4")
    reader.flag()  # sps_sub_layer_ordering_info_present_flag
    for _ in range(3):  # sps_max_dec_pic_buffering_minus1, sps_max_num_reorder_pics, sps_max_latency_increase_plus1
        reader.exp_golomb()
    return _read_sps_tools(reader)


def _read_sps_tools(reader: BitReader) -> CodingTools:
    min_coding, diff_coding, min_transform, diff_transform = (reader.exp_golomb() for _ in range(4))
    reader.exp_golomb()  # max_transform_hierarchy_depth_inter
    depth_intra = reader.exp_golomb()
    _expect(reader.flag(), False, "scaling_list_enabled_flag")
    _expect(reader.flag(), True, "amp_enabled_flag")
    offset = reader.flag()
    pcm = _read_pcm(reader)
    _expect(reader.exp_golomb(), 0, "num_short_term_ref_pic_sets")
    _expect(reader.flag(), False, "long_term_ref_pics_present_flag")
    _expect(reader.flag(), True, "sps_temporal_mvp_enabled_flag")
    smoothing = reader.flag()
    if reader.flag():  # vui_parameters_present_flag
        _skip_colour_description(reader)
    return CodingTools(
        min_coding,
        diff_coding,
        min_transform,
        diff_transform,
        depth_intra,
        offset,
        pcm,
        smoothing,
        _read_range_extension(reader),
    )


def _skip_colour_description(reader: BitReader) -> None:
    """vui_parameters with nothing but video_signal_type: how to display the picture, which BPG's own header says."""
    _expect(reader.unsigned(2), 0, "aspect_ratio_info_present_flag, overscan_info_present_flag")
    if reader.flag():  # video_signal_type_present_flag
        reader.unsigned(4)  # video_format, video_full_range_flag
        if reader.flag():  # colour_description_present_flag
            reader.unsigned(24)
    _expect(reader.unsigned(7), 0, "vui_parameters from chroma_loc_info_present_flag on")


def decoder_parameter_sets(tools: CodingTools, width: int, height: int, chroma_format: int) -> list[bytes]:
    """The VPS and SPS units that a decoder needs before the units of a BPG file with an 8-bit picture.

    Args:
        tools: from the file's hevc_header.
        width: of the coded picture, in luma samples.
        height: of the coded picture, in luma samples.
        chroma_format: HEVC's chroma_format_idc, 1 for 4:2:0 and 3 for 4:4:4.
    """
    return [nal.wrap(nal.VPS, _vps()), nal.wrap(nal.SPS, _sps(tools, width, height, chroma_format))]


def _vps() -> bytes:
    writer = BitWriter()
    writer.unsigned(0, 4)  # vps_video_parameter_set_id
    writer.unsigned(0b11, 2)  # vps_base_layer_internal_flag, vps_base_layer_available_flag
    writer.unsigned(0, 6).unsigned(0, 3).flag(True)  # one layer, one sub-layer, nested
    writer.unsigned(0xFFFF, 16)  # vps_reserved_0xffff_16bits
    _write_profile(writer)
    _write_buffering(writer)
    writer.unsigned(0, 6).exp_golomb(0)  # vps_max_layer_id, vps_num_layer_sets_minus1
    writer.flag(False).flag(False)  # no timing, no extension
    return writer.stopped()


def _sps(tools: CodingTools, width: int, height: int, chroma_format: int) -> bytes:
    writer = BitWriter()
    writer.unsigned(0, 4).unsigned(0, 3).flag(True)  # VPS 0, one sub-layer, nested
    _write_profile(writer)
    writer.exp_golomb(0)  # sps_seq_parameter_set_id
    writer.exp_golomb(chroma_format)
    if chroma_format == 3:
        writer.flag(False)  # separate_colour_plane_flag
    writer.exp_golomb(width).exp_golomb(height)
    writer.flag(False)  # conformance_window_flag: BPG crops by its own header
    writer.exp_golomb(0).exp_golomb(0)  # bit_depth_luma_minus8, bit_depth_chroma_minus8
    writer.exp_golomb(LOG2_MAX_PICTURE_ORDER_COUNT_MINUS4)
    _write_buffering(writer)
    _write_block_sizes(writer, tools)
    for _ in range(2):  # max_transform_hierarchy_depth_inter and _intra
        writer.exp_golomb(tools.max_transform_hierarchy_depth_intra)
    writer.flag(False).flag(True)  # scaling_list_enabled_flag, amp_enabled_flag
    writer.flag(tools.sample_adaptive_offset)
    _write_pcm(writer, tools.pcm)
    writer.exp_golomb(0).flag(False).flag(True)  # no reference picture sets; sps_temporal_mvp_enabled_flag
    writer.flag(tools.strong_intra_smoothing)
    writer.flag(False)  # vui_parameters_present_flag
    _write_range_extension(writer, tools.range_extension)
    return writer.stopped()


def _write_profile(writer: BitWriter) -> None:
    """profile_tier_level: BPG allows the widest still picture profile at level 8.5 (BPG specification, 3.3)."""
    writer.unsigned(0, 3).unsigned(RANGE_EXTENSIONS_PROFILE, 5)
    writer.unsigned(1 << (31 - RANGE_EXTENSIONS_PROFILE), 32)  # general_profile_compatibility_flag
    writer.unsigned(0b1001, 4).unsigned(0, 44)  # progressive, frames only, no further constraint
    writer.unsigned(LEVEL_8_5, 8)


def _write_buffering(writer: BitWriter) -> None:
    """The ordering info of the one sub-layer: one picture, nothing reordered."""
    writer.flag(True).exp_golomb(0).exp_golomb(0).exp_golomb(0)


def _write_block_sizes(writer: BitWriter, tools: CodingTools) -> None:
    writer.exp_golomb(tools.log2_min_coding_block_minus3).exp_golomb(tools.log2_diff_max_min_coding_block)
    writer.exp_golomb(tools.log2_min_transform_block_minus2).exp_golomb(tools.log2_diff_max_min_transform_block)


def _read_pcm(reader: BitReader) -> PcmTools | None:
    if not reader.flag():
        return None
    return PcmTools(
        bit_depth_luma_minus1=reader.unsigned(4),
        bit_depth_chroma_minus1=reader.unsigned(4),
        log2_min_block_minus3=reader.exp_golomb(),
        log2_diff_max_min_block=reader.exp_golomb(),
        loop_filter_disabled=reader.flag(),
    )


def _write_pcm(writer: BitWriter, pcm: PcmTools | None) -> None:
    writer.flag(pcm is not None)
    if pcm is not None:
        writer.unsigned(pcm.bit_depth_luma_minus1, 4).unsigned(pcm.bit_depth_chroma_minus1, 4)
        writer.exp_golomb(pcm.log2_min_block_minus3).exp_golomb(pcm.log2_diff_max_min_block)
        writer.flag(pcm.loop_filter_disabled)


def _read_range_extension(reader: BitReader) -> int | None:
    """The flags of sps_range_extension, the only extension that BPG knows."""
    if not reader.flag():  # sps_extension_present_flag
        return None
    present, others = reader.flag(), reader.unsigned(7)
    if others:
        raise CorruptStreamError("BPG stream asks for an unknown SPS extension; fetch the file again")
    return reader.unsigned(RANGE_EXTENSION_FLAGS) if present else None


def _write_range_extension(writer: BitWriter, flags: int | None) -> None:
    writer.flag(flags is not None)
    if flags is not None:
        writer.unsigned(0b1000_0000, 8).unsigned(flags, RANGE_EXTENSION_FLAGS)


def _expect(found: int, needed: int, field: str) -> None:
    if found != needed:
        raise LicbenchError(f"x265 wrote {field} = {found}, which BPG cannot say; install the pinned version of av")
