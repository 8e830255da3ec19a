"""Archives, kind and hostile."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.loaders.archives import clean_name
from lib.loaders.limits import DEFAULT, MIB, Limits
from lib.loaders.manifests import InputFile, ReadResult, read_inputs

NAMESPACE = b"apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"
Entries = dict[str, bytes]


def zipped(entries: Entries, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(entries: Entries) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(data: bytes, limits: Limits = DEFAULT, name: str = "a.zip") -> ReadResult:
    return read_inputs([InputFile(name, data)], limits)


def codes(result: ReadResult) -> list[str]:
    return [p.code for p in result.problems]


PACKERS: dict[str, Callable[[Entries], bytes]] = {
    "zip": zipped,
    "stored zip": lambda e: zipped(e, zipfile.ZIP_STORED),
    "bzip2 zip": lambda e: zipped(e, zipfile.ZIP_BZIP2),
    "lzma zip": lambda e: zipped(e, zipfile.ZIP_LZMA),
    "tar": tarred,
    "tar.gz": lambda e: gzip.compress(tarred(e)),
    "tar.bz2": lambda e: bz2.compress(tarred(e)),
    "tar.xz": lambda e: lzma.compress(tarred(e)),
}
each_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())


@each_packer
def test_manifests_in_an_archive_are_read(pack: Callable[[Entries], bytes]) -> None:
    data = pack({"x/a.yaml": NAMESPACE, "b.json": b'{"apiVersion": "v1", "kind": "Service"}', "README.md": b"# a: ["})
    result = read(data)
    assert [(o.kind, o.source.file) for o in result.objects] == [
        ("Namespace", "a.zip/x/a.yaml"),
        ("Service", "a.zip/b.json"),
    ]
    assert not result.problems


@each_packer
def test_half_an_archive_is_told(pack: Callable[[Entries], bytes]) -> None:
    filler = bytes(range(256)) * 64
    data = pack({"a.yaml": NAMESPACE, "b.yaml": b"a: " + filler.hex().encode() + b"\n"})
    result = read(data[: len(data) // 2])
    assert "broken-archive" in codes(result)


@each_packer
@pytest.mark.parametrize("name", ["../../etc/passwd.yaml", "/etc/x.yaml", "a/../../x.yaml", "..\\x.yaml", "C:\\x.yaml"])
def test_path_out_of_the_archive_is_refused(pack: Callable[[Entries], bytes], name: str) -> None:
    result = read(pack({name: NAMESPACE, "ok.yaml": NAMESPACE}))
    assert codes(result) == ["unsafe-path"]
    assert len(result.objects) == 1


@each_packer
@pytest.mark.parametrize(
    "inner",
    [zipped({"a.yaml": NAMESPACE}), gzip.compress(b"a: 1"), tarred({"a.yaml": NAMESPACE})],
    ids=["zip", "gzip", "tar"],
)
@pytest.mark.parametrize("name", ["in.zip", "in.tgz", "in.yaml"])
def test_archive_in_an_archive_is_refused(pack: Callable[[Entries], bytes], inner: bytes, name: str) -> None:
    result = read(pack({name: inner, "ok.yaml": NAMESPACE}))
    assert codes(result) == ["nested-archive"]
    assert len(result.objects) == 1


@each_packer
def test_bomb_is_stopped(pack: Callable[[Entries], bytes]) -> None:
    data = pack({"a.yaml": b" " * (40 * MIB), "b.yaml": NAMESPACE})
    result = read(data, Limits(compression_ratio=20, decompressed_bytes=30 * MIB))
    assert codes(result)[0] in ("compression-ratio", "too-much-data")


@each_packer
def test_too_many_entries_are_told(pack: Callable[[Entries], bytes]) -> None:
    result = read(pack({f"{n}.yaml": b"" for n in range(50)}), Limits(archive_entries=40))
    assert "too-many-entries" in codes(result)


def test_fifty_thousand_entries_are_refused_at_once() -> None:
    result = read(zipped(dict.fromkeys((f"{n}.yaml" for n in range(50_000)), b""), zipfile.ZIP_STORED))
    assert "too-many-entries" in codes(result)
    assert not result.objects


@each_packer
def test_what_an_operating_system_adds_is_passed_over(pack: Callable[[Entries], bytes]) -> None:
    junk = {"__MACOSX/._a.yaml": b"\x00\x05", ".DS_Store": b"\x00", "x/._b.yaml": b"\x00", "ok.yaml": NAMESPACE}
    result = read(pack(junk))
    assert not result.problems
    assert len(result.objects) == 1


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_not_followed(kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.yaml")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    assert codes(read(out.getvalue())) == ["special-file", "empty-archive"]


def test_link_in_a_zip_is_not_followed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a.yaml")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert codes(read(out.getvalue())) == ["special-file", "empty-archive"]


def test_encrypted_zip_is_told() -> None:
    data = bytearray(zipped({"a.yaml": NAMESPACE}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(magic) + offset
        data[place : place + 2] = struct.pack("<H", struct.unpack("<H", data[place : place + 2])[0] | 1)
    assert codes(read(bytes(data))) == ["encrypted-archive", "empty-archive"]


def test_header_that_lies_about_the_size_gains_nothing() -> None:
    data = bytearray(zipped({"a.yaml": b" " * (4 * MIB)}))
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<I", 10)
    assert not read(bytes(data), Limits(compression_ratio=2)).objects


def test_one_compressed_manifest_is_read() -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        result = read(pack(NAMESPACE), name="a.yaml.gz")
        assert [o.source.file for o in result.objects] == ["a.yaml.gz"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.yaml", "a.yaml"),
        ("a\x1b[31m\n.yml", "a\ufffd[31m\ufffd.yml"),
        ("\u202egpj.yaml", "\ufffdgpj.yaml"),
        ("x" * 50 + "y" * 50, "xxxxxx…yyyyyy"),
    ],
)
def test_names_are_shown_clean_and_short(name: str, shown: str) -> None:
    assert clean_name(name, 13) == shown


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.sampled_from(sorted(PACKERS)), st.integers(0, 4000), st.binary(min_size=1, max_size=8), st.booleans())
def test_no_damage_raises(packer: str, at: int, noise: bytes, cut: bool) -> None:
    data = PACKERS[packer]({"a.yaml": NAMESPACE * 20, "b.yaml": NAMESPACE})
    at %= len(data)
    read(data[:at] if cut else data[:at] + noise + data[at + len(noise) :])
