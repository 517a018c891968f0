from ._answer import answer as answer
