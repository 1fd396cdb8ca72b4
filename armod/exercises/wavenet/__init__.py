"""The exercises of lesson 4.5.2, one module each; ``lesson_4_5_2_wavenet`` puts them in their order."""
