"""What is asked for, as steps with ids: choices, layers, arms, recipes and the planner."""
