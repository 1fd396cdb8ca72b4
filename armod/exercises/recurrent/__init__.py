"""The exercises of lesson 4.4, one module each; ``lesson_4_4_recurrent_networks`` puts them in their order."""
