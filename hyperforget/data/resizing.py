"""Smaller images: each pixel the mean of a square of pixels."""

from dataclasses import replace

import numpy as np

from hyperforget.config.image_shapes import resized_shape
from hyperforget.data.raw_images import Part, RawImages


def averaged_down(raw: RawImages, side: int) -> RawImages:
    """Images of ``side`` x ``side`` pixels, float32, each the mean of a square of pixels; see `resized_shape`."""
    shape = resized_shape(raw.shape, side)
    factor = raw.shape[0] // side

    def smaller(part: Part) -> Part:
        images, labels = part
        squares = images.reshape(-1, side, factor, side, factor, shape[2])
        return squares.mean(axis=(2, 4), dtype=np.float32).reshape(len(images), -1), labels

    return replace(raw, train=smaller(raw.train), test=None if raw.test is None else smaller(raw.test), shape=shape)
