"""Recipes: one paper each, as parameters, tasks and claims."""
