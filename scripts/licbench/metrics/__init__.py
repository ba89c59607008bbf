"""Quality and rate: exact squared errors, MS-SSIM, bits per pixel, BD-rate."""

MIN_SIDE_MS_SSIM = 161
"""The shortest side that still holds the whole filter at the fifth scale."""
