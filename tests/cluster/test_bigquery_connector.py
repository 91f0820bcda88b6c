"""What the real BigQuery connector asks the service for, by a server that only records requests.

No row is ever sent: that takes gRPC, and a server behind it that no one offers outside Google.
"""

import gzip
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyspark
import pytest

from tests.support.paths import ROOT

CONNECTOR = "com.google.cloud.spark:spark-3.5-bigquery:0.42.1"
LISTS = """
import json, sys
from movierec.errors import InputError
from movierec.pipeline.lists import write_bigquery
from movierec.spark.session import Session

session = Session("connector", overrides=json.loads(sys.argv[1]))
columns = "user_id int, rank int, movie_id int, title string, genres array<string>, score double"
row = (1, 1, 7, "Up", ["Comedy"], 0.5, "als")
try:
    write_bigquery(session().createDataFrame([row], columns + ", source string"), table=sys.argv[2])
except InputError as error:
    print(error)
session.stop()
"""

pytestmark = pytest.mark.skipif(
    not pyspark.__version__.startswith("3.5"), reason="this connector is for Spark 3.5"
)


class Recorder(BaseHTTPRequestHandler):
    """Knows no table, and notes what a new one should be."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(404, {"error": {"code": 404, "message": "Not found", "status": "NOT_FOUND"}})

    def do_POST(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        self.server.posted.append((self.path.partition("?")[0], json.loads(gzip.decompress(body))))
        # an answer that the connector cannot use ends it; errors it would try again
        self.answer(200, {})

    def answer(self, code, content):
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def recorder():
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.posted = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_connector_asks_for_a_table_of_these_columns(tmp_path):
    fetch = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={CONNECTOR}"]
    subprocess.run([*fetch, f"-DoutputDirectory={tmp_path}"], check=True)
    (jar,) = tmp_path.glob("*.jar")
    with recorder() as server:
        options = {
            "bigQueryHttpEndpoint": f"http://127.0.0.1:{server.server_port}",
            "bigQueryStorageGrpcEndpoint": "127.0.0.1:1",
            "gcpAccessToken": "none",
            "parentProject": "p-1",
            "httpMaxRetry": "0",
        }
        properties = {f"spark.datasource.bigquery.{name}": one for name, one in options.items()}
        properties |= {"spark.master": "local[1]", "spark.jars": str(jar)}
        done = subprocess.run(
            [sys.executable, "-c", LISTS, json.dumps(properties), "p-1.films.lists"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    assert done.stdout.startswith("--bigquery p-1.films.lists: "), done.stderr[-2000:]
    (path, table) = server.posted[0]
    assert path == "/bigquery/v2/projects/p-1/datasets/films/tables"
    fields = table["schema"]["fields"]
    assert [f"{one['name']} {one['type']}" for one in fields] == [
        *("user_id INTEGER", "rank INTEGER", "movie_id INTEGER", "title STRING"),
        *("genres STRING", "score FLOAT", "source STRING"),
    ]
    modes = {(one["name"], one["mode"]) for one in fields if one["mode"] != "NULLABLE"}
    assert modes == {("genres", "REPEATED")}
