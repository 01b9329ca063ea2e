"""Tables of answers as people and forms export them: how they are recognised, read and checked."""
