"""Sign runs and base configs by HMAC-SHA256 under the user's key, and check such signatures.

A run's signature holds its UUID and the digests of what could lead a reader to run code: its
config, the code that was recorded, and of its provenance where that code is from. It is written
before these are, so that no kill leaves a file that it does not cover; a file that is not there
yet, or any more, runs nothing. A work_dir's holds the import paths of its config.json alone: other
values are changed by hand as one likes. Neither stands for the other.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from stride.config.import_paths import import_paths
from stride.errors import RunError, StrideError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.files.digest import sha256
from stride.runs.files.durable import os_errors_as
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.provenance.config_digest import config_digest
from stride.runs.provenance.origin_digest import origin_digest
from stride.runs.records.signature import SignatureRecord
from stride.runs.signing.key import key_file, make_key, own_key

MISSING = "not signed"
FOREIGN = "signed by another key than yours"
CHANGED = "changed since you signed it"
UNUSABLE = "signed by nobody known, as others can read or replace your key"

_LARGEST = 2**30  # bytes of recorded code


class Vouched(NamedTuple):
    """What the user's signature says of a folder.

    Attributes:
        paths: the import paths that it covers.
        fault: why it covers no more, empty for a run whose signature holds.
    """

    paths: frozenset[str]
    fault: str


class Signer:
    """Hold what is signed of one run; without a key it signs nothing.

    Args:
        uuid: the run's own.
        key: the user's.
        configs: digests of the configs that the run was begun with.
        code: file name -> digest of the code that was recorded.
    """

    def __init__(
        self,
        uuid: str,
        key: bytes | None,
        configs: Iterable[str] = (),
        code: Mapping[str, str] | None = None,
    ) -> None:
        self._uuid, self._key = uuid, key
        self._configs, self._code = list(configs), dict(code or {})

    @classmethod
    def of_resumed(cls, paths: RunPaths, uuid: str) -> Self:
        """Go on signing a run whose signature is the user's and holds; else sign nothing."""
        before = _signature(paths.path) if not vouched_run(paths.path).fault else None
        if before is None:
            return cls(uuid, None)
        return cls(uuid, own_key(), before.configs, before.code)

    def covers(self, paths: RunPaths, path: Path, content: Any) -> bool:
        """Take up the content of a file that is to be written; tell whether it is to be signed."""
        if self._key is None:
            return False
        if path == paths.config:
            self._configs = list(dict.fromkeys([*self._configs, config_digest(content)]))
        elif path == paths.provenance:
            self._code[path.name] = origin_digest(content)
        elif path in _code(paths):
            self._code[path.name] = _digest(content)
        else:
            return False
        return True

    def values(self) -> dict[str, Any]:
        """Return what signature.json is to hold."""
        assert self._key is not None
        facts = {"uuid": self._uuid, "configs": self._configs, "code": self._code}
        return _signed(self._key, facts)


def vouched_run(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    code: Mapping[str, str] | None = None,
) -> Vouched:
    """Return what the user's own signature covers of a run.

    Args:
        folder: the run's.
        config: what its config.json held when it was read, None to read it now.
        code: file name -> digest of the recorded code that was read, None to read it now.

    Raises:
        RunError: config.json, status.json or provenance.json is damaged, which is not a change
            to be asked about.
    """
    record, paths = _signature(folder), RunPaths(folder)
    if record is None or record.uuid is None:
        return Vouched(frozenset(), _why_not(folder))
    try:
        read = read_record(paths.config, unversioned=1) if config is None else config
        found = {**_origin(paths), **(_digests(paths) if code is None else code)}
        holds = record.uuid == read_record(paths.status).get("uuid")
        holds = holds and config_digest(read) in record.configs
        holds = holds and found.items() <= record.code.items()
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError) or error.where in map(str, _code(paths)):
            return Vouched(frozenset(), CHANGED)
        raise
    named = frozenset(import_paths(read).values())
    return Vouched(named, "") if holds else Vouched(frozenset(), CHANGED)


def vouched_work_dir(folder: Path) -> Vouched:
    """Return which import paths of a work_dir's config.json the user's own signature covers."""
    record = _signature(folder)
    if record is None or record.uuid is not None:
        return Vouched(frozenset(), _why_not(folder))
    return Vouched(frozenset(record.imports.values()), CHANGED)


def sign_run(folder: Path, config: Mapping[str, Any] | None = None) -> None:
    """Sign a run as it is now, by the user's word; not where the folder cannot be written.

    Args:
        folder: the run's.
        config: what its config.json held when the user was told of it, None to read it now.
    """
    paths = RunPaths(folder)
    with suppress(StrideError):
        read = read_record(paths.config, unversioned=1) if config is None else config
        uuid, key = read_record(paths.status).get("uuid"), make_key()
        if key is not None:
            code = {**_origin(paths), **_digests(paths)}
            signer = Signer(str(uuid), key, [config_digest(read)], code)
            atomic_json(paths.signature, SignatureRecord.model_validate(signer.values()).to_json())


def sign_work_dir(folder: Path, imports: Mapping[str, str]) -> None:
    """Sign the import paths of a work_dir's config.json; not where it cannot be written.

    Args:
        folder: the work_dir.
        imports: dotted key -> import path.
    """
    key = make_key()
    if key is not None:
        with suppress(StrideError):
            atomic_json(WorkDirPaths(folder).signature, _signed(key, {"imports": dict(imports)}))


def sign_given(folder: Path, values: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Sign the import paths of a work_dir's config that the user gives, or had signed before.

    Args:
        folder: the work_dir.
        values: what its config.json is to hold.
        given: the values that the user gives.
    """
    own = vouched_work_dir(folder).paths | {*import_paths(given).values()}
    signed = {key: path for key, path in import_paths(values).items() if path in own}
    if signed:
        sign_work_dir(folder, signed)


def _signature(folder: Path) -> SignatureRecord | None:
    """Return the signature in a folder, None where it is not by the user's key."""
    key = own_key()
    try:
        record = SignatureRecord.read(RunPaths(folder).signature)
    except RunError:
        return None
    facts = {name: value for name, value in record.to_json().items() if name != "hmac"}
    valid = key is not None and hmac.compare_digest(_mac(key, facts), record.hmac)
    return record if valid else None


def _why_not(folder: Path) -> str:
    """Say why nothing in a folder is signed by the user."""
    if not RunPaths(folder).signature.is_file():
        return MISSING
    if own_key() is not None:
        return FOREIGN
    return UNUSABLE if os.path.lexists(key_file()) else MISSING


def _signed(key: bytes, facts: Mapping[str, Any]) -> dict[str, Any]:
    blank = SignatureRecord.model_validate({**facts, "hmac": "0" * 64}).to_json()
    del blank["hmac"]
    return {**blank, "hmac": _mac(key, blank)}


def _mac(key: bytes, facts: Mapping[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True)
    return hmac.new(key, b"stride signature\n" + text.encode(), hashlib.sha256).hexdigest()


def _code(paths: RunPaths) -> tuple[Path, ...]:
    return (paths.code_patch, paths.model_source)


def _origin(paths: RunPaths) -> dict[str, str]:
    """Return provenance.json -> digest of where the code is from, nothing where there is none.

    Raises:
        RunError: it is damaged.
    """
    if not os.path.lexists(paths.provenance):  # killed before it was written
        return {}
    return {paths.provenance.name: origin_digest(read_record(paths.provenance))}


def _digests(paths: RunPaths) -> dict[str, str]:
    """Return file name -> digest of the recorded code that is there.

    Raises:
        RunError: one cannot be read, or is not a file of the run's own.
    """
    digests: dict[str, str] = {}
    for file in _code(paths):
        if os.path.lexists(file):
            with os_errors_as("cannot read", file, RunError):
                digests[file.name] = sha256(file, _LARGEST)
    return digests


def _digest(content: bytes | str) -> str:
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()
