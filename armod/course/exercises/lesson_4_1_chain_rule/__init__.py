"""The exercises of lesson 4.1 in their order; each has a module of its own in `armod.course.exercises.lesson_4_1_chain_rule`."""

from armod.course.exercises.lesson_4_1_chain_rule import conditionals, cost, joint, sampling

chain_cost = cost.chain_cost
chain_conditionals = conditionals.chain_conditionals
chain_joint = joint.chain_joint
chain_sampling = sampling.chain_sampling
