"""Downloads against a server that misbehaves, archives that are traps, the table of sets, the command line."""

import hashlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.data import receive as receiving
from helpers.data.archives import differing, unpack
from helpers.data.downloads import begun, data_root, digest, fetch, problem
from helpers.data.manifest import SETS, DataSet, File
from helpers.data.receive import DownloadError

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "data_download.py"
CONTENT = bytes(range(256)) * 400  # more than one chunk of 64 KiB


def load_script():
    spec = importlib.util.spec_from_file_location("data_download", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cli = load_script()


class Server(ThreadingHTTPServer):
    """Serves `content` at any path, as badly as the attributes say."""

    def be(self, content=CONTENT, *, ranges=True, cut=None, length="true", status=200, offset=0, stall=None):
        self.content, self.ranges, self.cut, self.length = content, ranges, cut, length
        self.status, self.offset, self.stall = status, offset, stall
        self.asked, self.sent = [], 0
        return self


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        it = self.server
        wanted = self.headers.get("Range")
        it.asked.append((self.path, wanted))
        if it.status != 200 or "absent" in self.path:
            self.send_error(404 if it.status == 200 else it.status)
            return
        start = 0
        if wanted and it.ranges:
            start = max(0, int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) + it.offset)
            if start >= len(it.content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(it.content) - 1}/{len(it.content)}")
        else:
            self.send_response(200)
        body = it.content[start:]
        if it.length is not None:
            self.send_header("Content-Length", str(len(body) if it.length == "true" else it.length))
        self.end_headers()
        body = body if it.cut is None else body[: it.cut]
        it.sent += len(body)  # before the client can know
        self.wfile.write(body)
        if it.stall:
            it.stall.wait(5)
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def running():
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return running.be()


def entry(server, *, content=CONTENT, size="known", paths=("file.bin",), **named):
    base = f"http://127.0.0.1:{server.server_address[1]}"
    return File(
        path="set/file.bin",
        urls=tuple(f"{base}/{path}" for path in paths),
        checksum="sha256:" + hashlib.sha256(content).hexdigest(),
        size=len(content) if size == "known" else None,
        **named,
    )


def refused(sentence, call, *arguments, **named):
    with pytest.raises(ValueError, match=sentence) as caught:
        call(*arguments, **named)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")


def left(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- one file ---


@pytest.mark.parametrize("size", ["known", None])
@pytest.mark.parametrize("length", ["true", None])
def test_a_file_arrives(server, tmp_path, size, length):
    heard = []
    fetch(entry(server.be(length=length), size=size), tmp_path, heard.append)
    assert left(tmp_path) == ["set/file.bin"]
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT
    assert heard[-1] == len(CONTENT)
    assert heard == sorted(heard)


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetch(entry(server), tmp_path)
    fetch(entry(server), tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("length", ["true", None])
def test_cut_then_gone_on_with(server, tmp_path, length):
    refused("cut.*get it again to go on", fetch, entry(server.be(cut=1000, length=length)), tmp_path)
    assert left(tmp_path) == ["set/file.bin.part"]
    assert (tmp_path / "set/file.bin.part").read_bytes() == CONTENT[:1000]
    fetch(entry(server.be()), tmp_path)
    assert server.asked == [("/file.bin", "bytes=1000-")]
    assert server.sent == len(CONTENT) - 1000
    assert left(tmp_path) == ["set/file.bin"]


def test_cut_then_gone_on_with_at_the_next_mirror(server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/file.bin.part").write_bytes(CONTENT[:500])
    fetch(entry(server, paths=("absent", "file.bin")), tmp_path)
    assert server.asked == [("/absent", "bytes=500-"), ("/file.bin", "bytes=500-")]
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "part", [CONTENT[:900], b"x" * 900, CONTENT, b"x" * len(CONTENT), CONTENT + b"x", b""], ids=len
)
@pytest.mark.parametrize("manner", [{}, {"ranges": False}, {"offset": -7}, {"length": None}], ids=str)
@pytest.mark.parametrize("size", ["known", None])
def test_whatever_an_earlier_run_left(server, tmp_path, part, manner, size):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/file.bin.part").write_bytes(part)
    fetch(entry(server.be(**manner), size=size), tmp_path)
    assert left(tmp_path) == ["set/file.bin"]
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


def test_a_whole_part_asks_nobody(server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/file.bin.part").write_bytes(CONTENT)
    fetch(entry(server), tmp_path)
    assert server.asked == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=300),
    cuts=st.lists(st.integers(0, 100), max_size=5),
    ranges=st.booleans(),
    length=st.sampled_from(["true", None]),
)
def test_however_often_cut_it_arrives_whole_or_not_at_all(server, tmp_path_factory, content, cuts, ranges, length):
    folder = tmp_path_factory.mktemp("cuts")
    file = entry(server, content=content)
    for cut in [*cuts, None]:
        server.be(content, cut=cut, ranges=ranges, length=length)
        try:
            fetch(file, folder)
        except DownloadError:
            assert left(folder) in ([], ["set/file.bin.part"])
            assert cut is not None
        else:
            assert left(folder) == ["set/file.bin"]
    assert (folder / "set/file.bin").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "manner", "size", "sentence"),
    [
        (b"x" * len(CONTENT), {}, "known", "corrupted and has sha256 [0-9a-f]{64}, expected"),
        (b"x" * 50, {}, None, "corrupted and has sha256"),
        (CONTENT + b"x", {}, "known", f"promises {len(CONTENT) + 1} bytes, expected {len(CONTENT)}"),
        (CONTENT[:-1], {}, "known", f"promises {len(CONTENT) - 1} bytes, expected {len(CONTENT)}"),
        (CONTENT + b"x", {"length": None}, "known", f"longer than the {len(CONTENT)} bytes expected"),
        (CONTENT, {"length": 100}, None, "corrupted"),
        (CONTENT, {"length": 100}, "known", f"promises 100 bytes, expected {len(CONTENT)}"),
        (CONTENT, {"status": 503}, "known", "answers 503 Service Unavailable"),
        (CONTENT, {"status": 404}, "known", "answers 404 Not Found"),
    ],
)
def test_what_is_refused_leaves_nothing(server, tmp_path, content, manner, size, sentence):
    refused(sentence, fetch, entry(server.be(content, **manner), size=size), tmp_path)
    assert left(tmp_path) == []


def test_a_length_that_promises_more_than_comes(server, tmp_path):
    sentence = f"cut after {len(CONTENT)} of {len(CONTENT) + 9} bytes|IncompleteRead"
    refused(sentence, fetch, entry(server.be(length=len(CONTENT) + 9), size=None), tmp_path)
    assert left(tmp_path) == ["set/file.bin.part"]


def test_a_length_that_is_no_number_is_no_promise(server, tmp_path):
    fetch(entry(server.be(length="many")), tmp_path)
    assert left(tmp_path) == ["set/file.bin"]


def test_a_stream_without_an_end(server, tmp_path, monkeypatch):
    monkeypatch.setattr(receiving, "LONGEST", 1000)
    refused("longer than the 1000 bytes expected", fetch, entry(server.be(length=None), size=None), tmp_path)
    assert left(tmp_path) == []


def test_a_server_that_falls_silent(server, tmp_path, monkeypatch):
    monkeypatch.setattr(receiving, "TIMEOUT", 0.2)
    released = threading.Event()
    refused("it was cut, timed out", fetch, entry(server.be(cut=700, stall=released)), tmp_path)
    released.set()
    fetch(entry(server.be()), tmp_path)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


def test_mirrors_are_tried_in_turn_and_all_are_named(server, tmp_path):
    fetch(entry(server, paths=("absent", "file.bin")), tmp_path)
    assert [path for path, _ in server.asked] == ["/absent", "/file.bin"]
    (tmp_path / "set/file.bin").unlink()
    refused("absent1: .*404.*; .*absent2: .*404", fetch, entry(server, paths=("absent1", "absent2")), tmp_path)


def test_a_corrupted_mirror_does_not_spoil_the_next(server, tmp_path):
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"x" * len(CONTENT))
    good = entry(server)
    fetch(File(good.path, (bad.as_uri(), *good.urls), good.checksum, good.size), tmp_path / "data")
    assert left(tmp_path / "data") == ["set/file.bin"]


def test_nobody_listens(tmp_path, server):
    file = entry(server)
    silent = File(file.path, ("http://127.0.0.1:9/file.bin",), file.checksum, file.size)
    refused("cannot be reached, Connection refused", fetch, silent, tmp_path)


def test_a_wrong_file_stays_until_the_right_one_is_whole(server, tmp_path):
    target = tmp_path / "set/file.bin"
    target.parent.mkdir()
    target.write_bytes(b"older")
    refused("cut", fetch, entry(server.be(cut=10)), tmp_path)
    assert target.read_bytes() == b"older"
    assert "has 5 bytes, expected" in problem(entry(server), tmp_path)
    fetch(entry(server.be()), tmp_path)
    assert target.read_bytes() == CONTENT
    assert problem(entry(server), tmp_path) == ""


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "set").write_bytes(b"a file where the folder is due")
    refused("cannot be written: File exists", fetch, entry(server), tmp_path)


def test_digests_of_known_texts(tmp_path):
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert digest(tmp_path / "hello", "git") == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object
    assert digest(tmp_path / "hello", "md5") == "b1946ac92492d2347c6235b4d2611184"
    assert digest(tmp_path / "hello", "sha256").startswith("5891b5b522d5df086d0ff0b110fbd9d2")


# --- the mirror and the data folder ---


def test_a_folder_stands_in_for_the_public_addresses(server, tmp_path, monkeypatch):
    mirror = tmp_path / "a mirror"
    (mirror / "set").mkdir(parents=True)
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    refused("was not fetched .*No such file", fetch, entry(server), tmp_path / "data")
    (mirror / "set/file.bin").write_bytes(CONTENT)
    fetch(entry(server), tmp_path / "data")
    assert server.asked == []
    assert left(tmp_path / "data") == ["set/file.bin"]
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "none"))
    refused("COURSE_MIRROR is .*none, expected a folder that exists", fetch, entry(server), tmp_path / "other")


def test_an_address_stands_in_too(server, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", f"http://127.0.0.1:{server.server_address[1]}/pub/")
    fetch(entry(server), tmp_path)
    assert server.asked == [("/pub/set/file.bin", None)]


def test_where_data_lies(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert data_root() == REPOSITORY / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.setenv("COURSE_DATA", "~/somewhere")
    assert data_root() == Path.home() / "somewhere"


# --- archives ---


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            if content is None:  # a symbolic link
                info.external_attr, content = 0o120777 << 16, b"/etc/hostname"
            archive.writestr(info, content)
    return path


def tarred(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                (info.type,), info.linkname = content, "/etc/hostname"
                archive.addfile(info)
    return path


GOOD = [("folder/a.txt", b"A" * 5000), ("b.txt", b"B")]


@pytest.mark.parametrize("make", [zipped, tarred])
def test_an_archive_unpacks(tmp_path, make):
    archive, folder = make(tmp_path / "archive", GOOD), tmp_path / "out"
    folder.mkdir()
    assert differing(archive, folder) == ["folder/a.txt", "b.txt"]
    unpack(archive, folder)
    assert left(folder) == ["b.txt", "folder/a.txt"]
    assert (folder / "folder/a.txt").read_bytes() == b"A" * 5000
    assert differing(archive, folder) == []
    (folder / "b.txt").write_bytes(b"BB")
    assert differing(archive, folder) == ["b.txt"]
    unpack(archive, folder)
    assert differing(archive, folder) == []


@pytest.mark.parametrize("make", [zipped, tarred])
def test_only_what_is_wanted_is_unpacked(tmp_path, make):
    archive, folder = make(tmp_path / "archive", GOOD), tmp_path / "out"
    folder.mkdir()
    unpack(archive, folder, "folder/*")
    assert left(folder) == ["folder/a.txt"]
    refused("archive holds no c.txt", unpack, archive, folder, "c.txt")


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../out.txt", "a/../../out.txt", "/out.txt", "C:/out.txt", "..\\out.txt", "\\\\host\\share\\out.txt"]
)
def test_a_path_outside_the_folder(tmp_path, make, name):
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    archive = make(tmp_path / "archive", [*GOOD, (name, b"X")])
    refused("is refused: its member .* lies outside the folder", unpack, archive, folder)
    refused("is refused: its member .* lies outside the folder", unpack, archive, folder, "b.txt")
    assert left(tmp_path) == ["archive"]


@pytest.mark.parametrize(
    ("make", "content"),
    [(zipped, None), (tarred, (tarfile.SYMTYPE,)), (tarred, (tarfile.LNKTYPE,)), (tarred, (tarfile.FIFOTYPE,))],
)
def test_links_and_devices(tmp_path, make, content):
    folder = tmp_path / "out"
    folder.mkdir()
    archive = make(tmp_path / "archive", [*GOOD, ("link", content), ("link/x.txt", b"X")])
    refused("its member 'link' is a link or a device", unpack, archive, folder)
    assert left(tmp_path) == ["archive"]


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path, make):
    folder = tmp_path / "out"
    folder.mkdir()
    refused("two members of one name", unpack, make(tmp_path / "archive", [*GOOD, ("B.txt", b"X")]), folder)
    assert left(folder) == []


@pytest.mark.parametrize("make", [zipped, tarred])
def test_damaged_archives(tmp_path, make):
    whole = make(tmp_path / "whole", [("a.txt", bytes(range(256)) * 100), ("b.txt", os.urandom(5000))]).read_bytes()
    folder, archive = tmp_path / "out", tmp_path / "archive"
    folder.mkdir()
    damaged = [b"", b"no archive at all", whole[: len(whole) // 2]]
    if make is zipped:  # whose members have checksums
        damaged.append(whole[:700] + b"??" + whole[702:])
    for content in damaged:
        archive.write_bytes(content)
        refused("is neither a zip nor a tar archive|cannot be unpacked", unpack, archive, folder)
        assert list(folder.iterdir()) == []


def test_a_fetched_archive_is_unpacked_watched_and_mended(tmp_path, server):
    content = zipped(tmp_path / "archive", GOOD).read_bytes()
    file = entry(server.be(content), content=content, unpack="folder/*")
    fetch(file, tmp_path / "data")
    unpacked = tmp_path / "data/set/folder/a.txt"
    assert left(tmp_path / "data") == ["set/file.bin", "set/folder/a.txt"]
    for damage in (lambda: unpacked.write_bytes(b"A"), unpacked.unlink):
        damage()
        assert "unpacked from it is missing or damaged" in problem(file, tmp_path / "data")
        fetch(file, tmp_path / "data")
        assert problem(file, tmp_path / "data") == ""
    assert len(server.asked) == 1, "the archive itself was right"


def test_a_trap_with_the_right_checksum_is_still_refused(tmp_path, server):
    content = zipped(tmp_path / "archive", [("../out.txt", b"X")]).read_bytes()
    refused("outside the folder", fetch, entry(server.be(content), content=content, unpack="*"), tmp_path / "data")
    assert left(tmp_path / "data") == ["set/file.bin"]


# --- the reader's own pip ---


def wheel(folder):
    meta = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = [("tiny/data.txt", b"D"), ("tiny-1.0.dist-info/METADATA", meta), ("tiny-1.0.dist-info/WHEEL", tag)]
    return zipped(folder / "tiny-1.0-py3-none-any.whl", [*members, ("tiny-1.0.dist-info/RECORD", "")])


def test_a_wheel_comes_through_pip(tmp_path, monkeypatch, server):
    (tmp_path / "links").mkdir()
    content = wheel(tmp_path / "links").read_bytes()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    checksum = "sha256:" + hashlib.sha256(content).hexdigest()
    file = File("set/tiny.whl", ("pip:tiny==1.0",), checksum, len(content), unpack="tiny/data.txt")
    fetch(file, tmp_path / "data")
    assert left(tmp_path / "data") == ["set/tiny.whl", "set/tiny/data.txt"]
    absent = File("set/none.whl", ("pip:none-such==1.0",), checksum, len(content))
    refused("pip:none-such==1.0: pip could not download it, .*none-such", fetch, absent, tmp_path / "data")
    other = File("set/other.whl", ("pip:tiny==1.0",), "sha256:" + "0" * 64, len(content))
    refused("corrupted", fetch, other, tmp_path / "data")
    assert left(tmp_path / "data") == ["set/tiny.whl", "set/tiny/data.txt"]


# --- the table ---

FORMS = {"git": 40, "md5": 32, "sha256": 64}


@pytest.mark.parametrize("dataset", SETS.values(), ids=SETS.keys())
def test_every_entry_is_well_formed(dataset):
    assert dataset.what
    assert dataset.licence
    assert dataset.citation
    paths = [file.path for file in dataset.files]
    assert len(set(paths)) == len(paths) > 0
    for file in dataset.files:
        kind, digits = file.checksum.split(":")
        assert re.fullmatch(f"[0-9a-f]{{{FORMS[kind]}}}", digits), file
        assert file.size is None or file.size > 0
        assert not PurePosixPath(file.path).is_absolute()
        assert ".." not in PurePosixPath(file.path).parts
        assert file.urls
        for url in file.urls:
            assert re.fullmatch(r"https://[^\s]+|pip:[a-z]+==[0-9.]+", url)
            assert url.startswith("pip:") or PurePosixPath(url).name == PurePosixPath(file.path).name


def test_two_entries_of_one_path_agree():
    known = {}
    for dataset in SETS.values():
        for file in dataset.files:
            assert known.setdefault(file.path, file) == file


def test_sizes_add_up():
    known = {name: sum(file.size or 0 for file in entry.files) for name, entry in SETS.items()}
    unknown = {name: sum(file.size is None for file in entry.files) for name, entry in SETS.items()}
    assert known["mnist"] == 11_594_722
    assert {name for name, count in unknown.items() if count} == {"open_ms_all"}
    for name, entry in SETS.items():
        assert (entry.about is None) == (unknown[name] == 0)
        shown, unit = re.search(r"([0-9.]+) (MB)", entry.size).groups()
        assert unit == "MB"
        assert abs(float(shown) - (entry.about or known[name]) / 1e6) <= (0.5 if entry.about else 0.05)
    kinds = {}
    for file in SETS["open_ms"].files:
        kinds.setdefault(PurePosixPath(file.path).name, []).append(file.size)
    licence = kinds.pop("LICENSE.txt")
    estimate = sum(30 * sum(sizes) / len(sizes) for sizes in kinds.values()) + sum(licence)
    assert abs(estimate / SETS["open_ms_all"].about - 1) < 0.01


def test_what_each_set_holds():
    def names(name):
        return [PurePosixPath(file.path) for file in SETS[name].files]

    images = [path for path in names("open_ms") if path.name.startswith(("FLAIR", "T1_", "T1POST", "T2"))]
    assert sorted({path.parts[3] for path in images}) == ["patient07", "patient19", "patient26"]
    assert len(images) == 12
    assert len([path for path in names("open_ms") if path.name.startswith("GOLD")]) == 30
    assert set(names("open_ms")) < set(names("open_ms_all"))
    assert len([path for path in names("open_ms_all") if path.suffix == ".gz"]) == 30 * 5
    assert len([path for path in names("gm_challenge") if path.suffix == ".gz"]) == 8 * 3
    assert len(names("mnist")) == 4
    assert len(names("lidc")) == 1


# --- the command line ---


@pytest.fixture
def table(server, tmp_path, monkeypatch):
    """Two small sets: `small`, and `large` which holds it."""
    base = f"http://127.0.0.1:{server.server_address[1]}"
    checksum = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    files = [File(f"set/{name}", (f"{base}/{name}",), checksum, len(CONTENT)) for name in "abc"]
    for name in list(SETS):
        monkeypatch.delitem(SETS, name)
    for name, count in (("small", 1), ("large", 3)):
        entry = DataSet(name, f"a {name} set", "CC0 of this test", "Nobody 2000", tuple(files[:count]))
        monkeypatch.setitem(SETS, name, entry)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_get_list_and_verify(table, capsys, server):
    assert cli.main(["list"]) == 0
    assert re.search(r"small +0.1 MB +absent\n +a small set\n +licence: CC0 of this test\n", capsys.readouterr().out)
    assert cli.main(["verify"]) == 0
    assert "Nothing has been fetched" in capsys.readouterr().out
    assert cli.main(["get", "small", "small"]) == 0
    assert len(server.asked) == 1
    assert left(table) == ["set/a"]
    out, err = capsys.readouterr()
    assert "complete and verified" in out
    assert err == "", "no bar where nobody watches"
    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert re.search("small .*present", shown)
    assert re.search("large .*1 of 3 files", shown)
    assert cli.main(["verify"]) == 0, "large was never begun"
    assert "large" not in capsys.readouterr().out
    assert cli.main(["verify", "large"]) == 1
    out, err = capsys.readouterr()
    assert err == "large: set/b is missing.\nlarge: set/c is missing.\n"
    assert "2 of 3 files are not right" in out


def test_verify_finds_damage_and_loss_and_get_mends_them(table, capsys):
    assert cli.main(["get", "large"]) == 0
    assert cli.main(["verify"]) == 0
    (table / "set/b").write_bytes(b"x" * len(CONTENT))
    (table / "set/c").unlink()
    capsys.readouterr()
    assert begun(SETS["large"], table)
    assert cli.main(["verify"]) == 1
    assert re.search("large: set/b has sha256 .*\nlarge: set/c is missing.\n", capsys.readouterr().err)
    assert cli.main(["get", "large"]) == 0
    assert cli.main(["verify"]) == 0


def test_the_licence_is_said_before_anything_is_fetched(table, capsys, monkeypatch):
    said = []
    monkeypatch.setattr(cli, "fetch", lambda *arguments: said.append(capsys.readouterr().out))
    cli.main(["get", "small"])
    assert "licence: CC0 of this test" in said[0]
    assert "cite: Nobody 2000" in said[0]


def test_a_failed_set_is_one_sentence_and_the_next_goes_on(table, capsys, server):
    server.be(status=500)
    assert cli.main(["get", "small", "large"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert re.match(r"small: set/a was not fetched \(.*500.*\)\.\nlarge: set/a was not", err)
    assert left(table) == []


def test_a_bar_is_drawn_where_somebody_watches(table, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert cli.main(["get", "large"]) == 0
    err = capsys.readouterr().err
    assert "file 3 of 3" in err
    assert "[########################]" in err
    assert err.endswith("\r")


def test_stopping_by_hand_is_no_traceback(table, capsys, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "fetch", stopped)
    assert cli.main(["get", "small"]) == 1
    assert "get it again to go on" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["get"], ["get", "none"], ["verify", "none"], ["list", "x"]])
def test_bad_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_script_runs_from_anywhere(tmp_path):
    environment = os.environ | {"COURSE_DATA": str(tmp_path / "data"), "COURSE_MIRROR": str(tmp_path)}
    for arguments, code, sentence in (
        (["list"], 0, "open_ms_all"),
        (["get", "gm_challenge"], 1, "gm_challenge: gm-challenge-data/LICENSE was not fetched"),
        (["get", "none"], 2, "there is no set 'none', expected one of mnist"),
    ):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code
        assert sentence in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert left(tmp_path) == []
