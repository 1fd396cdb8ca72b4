"""The exercises of lesson 4.5.3, one module each; ``lesson_4_5_3_pixelcnn`` puts them in their order."""
