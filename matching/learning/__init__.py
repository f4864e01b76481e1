"""Weights learnt from what happened, published only on proof."""
