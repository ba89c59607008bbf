"""Sizes that a network and its codec share; apart from the networks, for torch takes seconds to import."""

from __future__ import annotations

LATENT_CHANNELS = 32
"""Channels of the CAE's latent."""
DOWNSCALE = 8
"""Pixels of a component per position of the CAE's latent, along each side."""
INPUT_SIZES = (64, 128, 256)
"""Sides of a tile that the GAN's networks are built for."""
