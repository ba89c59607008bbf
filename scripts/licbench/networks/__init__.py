"""The paper's networks layer by layer, their trained weights on disk, and inference; no training and no coding."""
