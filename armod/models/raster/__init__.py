"""Models of images in raster order: PixelCNN and Gated PixelCNN."""
