"""Images: what they are as arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""An sRGB image: shape (height, width, 3), dtype uint8."""
