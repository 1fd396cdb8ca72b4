"""The exercises of lesson 4.5.1, one module each; ``lesson_4_5_1_made`` puts them in their order."""
