"""The paper's networks, layer by layer; torch modules only, no training and no coding."""
