"""`python -m evaluator`, where the console script is not on the path."""

from evaluator.cli import main

main()
