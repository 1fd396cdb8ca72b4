"""The exercises of lesson 4.1, one module each; ``lesson_4_1_chain_rule`` puts them in their order."""
