"""The paper's figures: data and drawing as pure functions, one subject a module."""
