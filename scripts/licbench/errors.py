"""The errors a user can meet: each message is one line that names the thing and ends with the fix."""

from __future__ import annotations


class LicbenchError(Exception):
    """Base of every expected failure; the command line prints it as one line and exits with 1."""


class BadImageError(LicbenchError):
    """An input image that cannot be read, or that the bench refuses to convert."""


class CorruptStreamError(LicbenchError):
    """A compressed stream that is damaged, truncated or of another codec."""


class ContractError(LicbenchError):
    """A codec that gives back something else than ``codecs.base.Codec`` promises."""


class DatasetError(LicbenchError):
    """A dataset that is unknown, incomplete, unreachable or fails its checksum."""


class ModelError(LicbenchError):
    """Trained weights that are missing, damaged or do not fit their network."""


class SettingsError(LicbenchError):
    """A setting that is unknown, out of range or contradicts another."""


class PointsError(LicbenchError):
    """Measured rows that are missing, duplicate, non-finite or of the wrong shape."""


class StudyError(LicbenchError):
    """A subjective study that cannot be made, or a file of responses that does not belong to it."""
