"""Training of the paper's networks; needs torch, numpy, pillow, safetensors and tqdm alone."""
