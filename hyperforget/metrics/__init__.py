"""What is measured on networks: pure functions that never alter what they measure."""
