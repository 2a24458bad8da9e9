# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of what can be on the air, and how they group."""

#: What a snapshot can be called, "none" first.
CLASSES = (
    "none",
    "noise",
    "cw",
    "multitone",
    "am",
    "fm",
    "chirp",
    "slow_chirp",
    "dme",
    "pulsed_cw",
    "pulsed_noise",
    "ofdm",
)

#: Classes that are interference.
FAMILIES = CLASSES[1:]

#: Some kHz to some hundred kHz wide, always on.
NARROW = ("cw", "multitone", "am", "fm")

#: Those that change more than the level of the noise.
STRUCTURED = tuple(name for name in FAMILIES if name != "noise")

#: On and off.
PULSED = ("dme", "pulsed_cw", "pulsed_noise", "ofdm")

#: Can cover the whole sampled band.
WIDE = ("noise", "chirp", "slow_chirp", "pulsed_noise", "ofdm")

#: A waveform that is no class: made only for sets that ask for it, to see what is said of the unknown.
HELD_OUT_FAMILY = "hopping"
