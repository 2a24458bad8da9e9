# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recordings: a pair of files, or an archive whose samples are read in place."""

import json
import tarfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import sigmf
from jsonschema.exceptions import ValidationError
from sigmf.hashing import calculate_sha512

from .data_file import canonical_format, check_regular_file, count_samples
from .errors import InputError
from .recording_model import Recording
from .sigmf_captures import read_annotations, read_captures, read_gains, whole_number

# A checksum of more than this takes longer than people expect an opening to take.
CHECKSUM_BYTES = 16 << 20
# Metadata beyond this is not metadata; do not load it into memory.
_METADATA_BYTES = 256 << 20


@dataclass(frozen=True)
class _Given:
    """What the user said beside the name."""

    sample_rate: float | None
    fmt: str | None
    center_freq: float | None
    channel: int
    verify_checksum: bool | None


@dataclass(frozen=True)
class _Dataset:
    """Where the data file lies: in `path` from `offset` on, `size` bytes."""

    path: Path
    offset: int
    size: int


def open_sigmf(
    path: Path,
    sample_rate: float | None,
    fmt: str | None,
    center_freq: float | None,
    channel: int,
    verify_checksum: bool | None,
) -> Recording:
    """A `.sigmf-meta` or `.sigmf-data` file with its partner. Raises InputError."""
    is_data = path.suffix.lower() == ".sigmf-data"
    meta_path = path.with_suffix(".sigmf-meta") if is_data else path
    if is_data:
        check_regular_file(path, "SigMF data file")
    status = check_regular_file(meta_path, "SigMF metadata file")
    if status.st_size > _METADATA_BYTES:
        raise InputError(
            f"{meta_path}: has {status.st_size} bytes, too many for metadata; is it the data file?"
        )
    metadata = _parse(meta_path.read_bytes(), str(meta_path))
    data_path = meta_path.with_name(_dataset_name(metadata, str(meta_path), meta_path.stem))
    if not data_path.exists() and metadata["global"].get("core:metadata_only"):
        raise InputError(f"{meta_path}: says core:metadata_only, there are no samples; get the data file too")
    data = _Dataset(data_path, 0, check_regular_file(data_path, "SigMF data file").st_size)
    given = _Given(sample_rate, fmt, center_freq, channel, verify_checksum)
    return _describe(str(path), str(meta_path), meta_path, metadata, data, given)


def open_archive(
    path: Path,
    sample_rate: float | None,
    fmt: str | None,
    center_freq: float | None,
    channel: int,
    verify_checksum: bool | None,
) -> Recording:
    """A `.sigmf` archive of one recording, not unpacked. Raises InputError."""
    check_regular_file(path, "SigMF archive")
    try:
        with tarfile.open(path, "r:") as archive:
            members = _members(archive)
            names = [name for name in members if name.endswith(".sigmf-meta")]
            if len(names) != 1:
                raise InputError(
                    f"{path}: holds {len(names)} recordings, not one; unpack it with tar xf and name one"
                )
            meta_name = f"{path}({names[0]})"
            metadata = _parse(archive.extractfile(members[names[0]]).read(_METADATA_BYTES), meta_name)
            data_name = _dataset_name(metadata, meta_name, names[0].removesuffix(".sigmf-meta"))
            member = members.get(data_name)
    except tarfile.TarError as error:
        raise InputError(
            f"{path}: is not an uncompressed tar archive ({error}); unpack it and name the .sigmf-meta"
        ) from None
    if member is None:
        raise InputError(
            f"{meta_name}: its data file {data_name} is not in the archive; make the archive again"
        )
    if member.issparse():
        raise InputError(
            f"{path}: stores {data_name} sparsely; unpack it with tar xf and name the .sigmf-meta"
        )
    held = max(0, min(member.size, path.stat().st_size - member.offset_data))
    given = _Given(sample_rate, fmt, center_freq, channel, verify_checksum)
    recording = _describe(
        str(path), meta_name, path, metadata, _Dataset(path, member.offset_data, held), given
    )
    if held < member.size:
        note = (
            f"{path}: is cut short, {data_name} has {held} of its {member.size} bytes; reading what is there"
        )
        recording = replace(recording, warnings=(note, *recording.warnings))
    return recording


def _members(archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Regular files by name without folders; of an archive that is cut short, those that begin in it."""
    members: dict[str, tarfile.TarInfo] = {}
    try:
        for member in archive:
            if member.isreg():
                members[PurePosixPath(member.name).name] = member
    except tarfile.ReadError:
        if not members:
            raise
    return members


def _parse(text: bytes, where: str) -> dict:
    """The metadata as a dict whose three sections have the right types."""
    try:
        metadata = json.loads(text)
    except UnicodeDecodeError:
        raise InputError(f"{where}: is not UTF-8 text; is it the data file?") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: broken JSON at line {error.lineno} column {error.colno}: {error.msg}; "
            "mend it or copy it again"
        ) from None
    except RecursionError:
        raise InputError(f"{where}: JSON is nested too deeply; mend it or copy it again") from None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("global"), dict):
        raise InputError(f"{where}: is not SigMF metadata, it has no object 'global'; name another file")
    for section in ("captures", "annotations"):
        entries = metadata.setdefault(section, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InputError(f"{where}: '{section}' must be a list of objects; mend the metadata")
    return metadata


def _dataset_name(metadata: dict, where: str, stem: str) -> str:
    name = metadata["global"].get("core:dataset", f"{stem}.sigmf-data")
    if not isinstance(name, str) or PurePosixPath(name).name != name or name in ("", ".", ".."):
        raise InputError(f"{where}: core:dataset {name!r} must be a file name in the same folder; mend it")
    return name


def _describe(
    name: str, where: str, meta_path: Path, metadata: dict, data: _Dataset, given: _Given
) -> Recording:
    info = metadata["global"]
    notes = _schema_notes(metadata, where)
    fmt = _format(info, where, given)
    channels = whole_number(info, "core:num_channels", where, default=1, least=1)
    if given.channel >= channels:
        raise InputError(
            f"{where}: channel {given.channel} does not exist, core:num_channels is {channels}; count from 0"
        )
    rate = _rate(info, where, given)
    header, size = _sample_bytes(metadata, where, data)
    count, left_over, count_notes = count_samples(data.path, size, fmt, channels)
    first_index = whole_number(info, "core:offset", where, default=0, least=0)
    captures, capture_notes = read_captures(metadata, where, rate, count, first_index, given.center_freq)
    annotations, annotation_notes = read_annotations(metadata, where, count, first_index)
    _check_checksum(info, where, data, given.verify_checksum)
    return Recording(
        name=name,
        path=data.path,
        format=fmt,
        byte_offset=data.offset + header,
        sample_rate=rate,
        sample_count=count,
        bytes_left_over=left_over,
        channel=given.channel,
        channels=channels,
        captures=captures,
        annotations=annotations,
        warnings=(*notes, *count_notes, *capture_notes, *annotation_notes),
        metadata_path=meta_path,
        gains=read_gains(metadata, where, first_index),
    )


def _schema_notes(metadata: dict, where: str) -> list[str]:
    """What the standard's schema objects to; fields that matter here have errors of their own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            sigmf.validate.validate(metadata)
    except ValidationError as error:
        place = "/".join(map(str, error.absolute_path)) or "top level"
        return [f"{where}: does not follow the SigMF schema at {place}: {error.message[:200]}"]
    except (KeyError, TypeError) as error:
        return [f"{where}: does not follow the SigMF schema: {error!r}"]
    return []


def _format(info: dict, where: str, given: _Given) -> str:
    datatype = info.get("core:datatype")
    if not isinstance(datatype, str):
        raise InputError(f'{where}: core:datatype is missing or no text; write for instance "cu8" there')
    fmt = canonical_format(datatype, f"{where}: core:datatype")
    if given.fmt is not None and given.fmt != fmt:
        raise InputError(
            f"{where}: --format {given.fmt} contradicts its core:datatype {fmt}; leave --format out"
        )
    return fmt


def _rate(info: dict, where: str, given: _Given) -> float:
    stated = info.get("core:sample_rate")
    if stated is None:
        if given.sample_rate is None:
            raise InputError(f"{where}: core:sample_rate is missing; give --rate, for instance --rate 250k")
        return given.sample_rate
    # json reads NaN and Infinity, and no comparison with NaN is true.
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not 0 < stated <= 1e12:
        raise InputError(f"{where}: core:sample_rate {stated!r} must be above 0 and at most 1e12 Hz; mend it")
    if given.sample_rate is not None and abs(given.sample_rate - stated) > 1e-9 * stated:
        raise InputError(
            f"{where}: --rate {given.sample_rate:.10g} contradicts its core:sample_rate {stated:.10g}; "
            "leave --rate out"
        )
    return float(stated)


def _sample_bytes(metadata: dict, where: str, data: _Dataset) -> tuple[int, int]:
    """Bytes in front of the samples, and bytes of samples."""
    trailing = whole_number(metadata["global"], "core:trailing_bytes", where, default=0, least=0)
    headers = [
        whole_number(capture, "core:header_bytes", f"{where}: capture {k}", default=0, least=0)
        for k, capture in enumerate(metadata["captures"])
    ]
    if any(headers[1:]):
        raise InputError(
            f"{where}: core:header_bytes inside the data is not read; write each capture to a file of its own"
        )
    header = headers[0] if headers else 0
    if header + trailing > data.size:
        raise InputError(
            f"{data.path}: has {data.size} bytes, but {where} says {header} bytes of header "
            f"and {trailing} behind the samples; it is cut short or another file's"
        )
    return header, data.size - header - trailing


def _check_checksum(info: dict, where: str, data: _Dataset, verify: bool | None) -> None:
    stated = info.get("core:sha512")
    if not isinstance(stated, str) or verify is False or (verify is None and data.size > CHECKSUM_BYTES):
        return
    if calculate_sha512(filename=data.path, offset=data.offset, size=data.size) != stated.lower():
        raise InputError(
            f"{data.path}: its SHA-512 is not the core:sha512 of {where}; "
            "the data changed or was cut, copy it again"
        )
