"""The engine for one machine: group rollouts and updates that process a shared prompt once."""
