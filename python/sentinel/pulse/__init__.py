"""Weak periodic pulses of VHF wildlife tags."""
