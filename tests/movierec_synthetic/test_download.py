"""The archive arrives complete and checked, or not at all."""

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import pytest

from movierec.errors import InputError
from movierec_synthetic.download import fetch_archive
from tests.support.confs import tiny_conf
from tests.support.files import files_below


def small_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        # ZipInfo has a fixed date by default: the checksum is in the names of tests
        member = zipfile.ZipInfo("ml-toy/ratings.csv")
        archive.writestr(member, "userId,movieId,rating,timestamp\n" + "1,2,3,4\n" * 99)
    return out.getvalue()


ZIP = small_zip()
SHA256 = hashlib.sha256(ZIP).hexdigest()


SIZED = {"Content-Length": len(ZIP)}
ANSWERS = {
    "/whole.zip": (200, SIZED, ZIP),
    "/unsized.zip": (200, {}, ZIP),
    "/moved.zip": (302, {"Location": "/whole.zip"}, b""),
    "/none.zip": (404, {}, b""),
    "/login.zip": (200, {}, b"<html>Wi-Fi login</html>"),
    "/cut.zip": (200, SIZED, ZIP[:100]),
    # a chunk that is shorter than announced
    "/chunks.zip": (200, {"Transfer-Encoding": "chunked"}, b"%x\r\n" % (len(ZIP) + 9) + ZIP),
}


class Handler(BaseHTTPRequestHandler):
    """Serves the zip, correctly or not, by path; records the requests."""

    requested: list[str]

    def do_GET(self):
        self.requested.append(self.path)
        if self.path == "/nonsense.zip":
            self.wfile.write(b"nonsense\r\n\r\n")
            return
        status, headers, body = ANSWERS[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    """The address of a local server."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    Handler.requested = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@pytest.fixture
def source(tmp_path):
    """The source section with the archive at data/ml.zip, and these keys."""

    def make(**keys):
        values = {"url": None, "generate": None, "sha256": None} | keys
        overrides = {f"source__{name}": value for name, value in values.items()}
        return tiny_conf(tmp_path, tmp_path / "data" / "ml.zip", **overrides).source

    return make


def message(source):
    with pytest.raises(InputError) as caught:
        fetch_archive(source)
    return str(caught.value)


# --- download ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/whole.zip", "/unsized.zip", "/moved.zip"])
@pytest.mark.parametrize("sha256", [SHA256, SHA256.upper(), None])
def test_a_download_arrives_complete_under_its_name(server, source, tmp_path, path, sha256):
    archive = fetch_archive(source(url=server + path, sha256=sha256))
    assert archive == tmp_path / "data" / "ml.zip"
    assert archive.read_bytes() == ZIP
    assert files_below(tmp_path) == ["data/ml.zip"]


def test_an_archive_is_fetched_again_on_request(server, source, tmp_path):
    path = tmp_path / "data" / "ml.zip"
    path.parent.mkdir()
    path.write_bytes(b"cut off")
    conf = source(url=f"{server}/whole.zip")
    assert fetch_archive(conf).read_bytes() == b"cut off"
    assert Handler.requested == []
    with pytest.raises(InputError, match="404"):
        fetch_archive(source(url=f"{server}/none.zip"), again=True)
    assert path.read_bytes() == b"cut off"
    assert fetch_archive(conf, again=True).read_bytes() == ZIP


def test_a_download_with_another_checksum_is_refused(server, source, tmp_path):
    url = f"{server}/whole.zip"
    assert message(source(url=url, sha256="0" * 64)) == (
        f"{url}: its sha256 is {SHA256}, not source.sha256 {'0' * 64}; try again later, or set "
        "source.sha256=null to take it as it is"
    )
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "fault", "fix"),
    [
        ("/none.zip", "the download failed: HTTP Error 404: Not Found", "correct source.url"),
        ("/nonsense.zip", "the download failed: nonsense", "try again later"),
        ("/a b.zip", "the download failed: URL can't contain control", "correct source.url"),
        ("/cut.zip", f"cut off after 100 of {len(ZIP)} bytes", ""),
        ("/chunks.zip", "the download failed: IncompleteRead(", "try again later"),
        ("/login.zip", "what came is no zip, it begins with b'<html>Wi-Fi login</html>'", "first"),
        ("http://127.0.0.1:9/x.zip", "the download failed: <urlopen error ", "; try again later"),
    ],
)
def test_a_failed_download_is_reported_with_its_cause(server, source, tmp_path, path, fault, fix):
    url = urljoin(server, path)
    said = message(source(url=url))
    assert said.startswith(f"{url}: {fault}")
    assert said.endswith(fix)
    assert files_below(tmp_path) == []


# --- existing archives, and those that cannot be fetched -----------------------------------------


def test_an_existing_archive_is_checked(source, tmp_path):
    path = tmp_path / "data" / "ml.zip"
    path.parent.mkdir()
    path.write_bytes(ZIP + b".")
    found = hashlib.sha256(ZIP + b".").hexdigest()
    assert message(source(sha256=SHA256)) == (
        f"{path}: its sha256 is {found}, not source.sha256 {SHA256}; fetch it again with "
        "`make data FORCE=1`, or set source.sha256=null to take it as it is"
    )
    assert path.read_bytes() == ZIP + b"."
    assert fetch_archive(source()) == path
    path.write_bytes(ZIP)
    assert fetch_archive(source(sha256=SHA256.upper())) == path


def test_a_conf_without_url_and_generate_is_refused(source, tmp_path):
    assert message(source()) == (
        f"source.archive: there is no {tmp_path}/data/ml.zip, and conf gives no source.url"
    )
    assert list(tmp_path.iterdir()) == []


# --- generated -----------------------------------------------------------------------------------

SIZE = {"users": 12, "movies": 60, "ratings": 300, "seed": 5}


def test_an_archive_is_generated_at_the_size_in_conf_also_if_there_is_a_url(
    server, source, tmp_path
):
    path = fetch_archive(source(url=f"{server}/whole.zip", generate=SIZE))
    assert Handler.requested == []
    assert files_below(tmp_path) == ["data/ml.truth.json", "data/ml.zip"]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("ml/ratings.csv").count(b"\n") == 1 + SIZE["ratings"]
        assert archive.read("ml/movies.csv").count(b"\n") == 1 + SIZE["movies"]
    truth = json.loads((tmp_path / "data" / "ml.truth.json").read_text(encoding="utf-8"))
    assert (truth["users"], truth["seed"]) == (SIZE["users"], SIZE["seed"])
    assert truth["archive"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
