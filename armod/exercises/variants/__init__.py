"""The exercises of lesson 4.5.4, one module each; ``lesson_4_5_4_pixelcnn_variants`` puts them in their order."""
