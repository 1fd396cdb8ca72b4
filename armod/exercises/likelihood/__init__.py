"""The exercises of lesson 4.3, one module each; ``lesson_4_3_maximum_likelihood`` puts them in their order."""
