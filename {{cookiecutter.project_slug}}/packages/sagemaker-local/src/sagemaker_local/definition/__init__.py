"""The pipeline definition, as JSON says it: parameters, expressions, conditions, graph."""
