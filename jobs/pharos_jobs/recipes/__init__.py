"""Recipes: ways from prepared texts to a model folder. One port, one file a recipe.

A new one is a file with a function of the port's shape, a name in ``pharos_api.trainer.Recipe``
and a case in the train step.
"""
