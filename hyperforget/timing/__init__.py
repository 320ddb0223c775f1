"""What requests to forget take, and what retraining takes instead."""
