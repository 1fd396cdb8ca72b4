"""The exercises of lesson 4.2, one module each; ``lesson_4_2_histograms`` puts them in their order."""
