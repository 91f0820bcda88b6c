"""A real Hadoop on loopback: NameNode, DataNodes, ResourceManager, NodeManagers, a JVM each.

Each can be killed and started again on its own, as machines of a cluster are.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pyspark

HERE = Path(__file__).resolve().parent / "minicluster"
SPARK_JARS = Path(pyspark.__file__).parent / "jars"
HOST = "127.0.0.1"
NODE_MEMORY_MB = 4096
NODE_CORES = 4
_START_SECONDS = 90.0
_MAIN = {
    "namenode": "org.apache.hadoop.hdfs.server.namenode.NameNode",
    "datanode": "org.apache.hadoop.hdfs.server.datanode.DataNode",
    "resourcemanager": "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
    "nodemanager": "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
}
# Guice and the old JAXB need access to internals of Java 17.
_OPENED = ("java.lang", "java.util", "java.io", "java.net", "java.security")


class ClusterError(Exception):
    """A daemon or a command of the cluster failed."""


def class_path() -> list[str]:
    """Return the jars that Maven resolves for minicluster/pom.xml.

    Raises ClusterError where Maven is not there or resolves nothing.
    """
    if shutil.which("mvn") is None:
        raise ClusterError("mvn is not there: install Maven (apt-get install maven)")
    target = HERE / "target"
    target.mkdir(exist_ok=True)
    listed = target / "class_path"
    if not listed.exists() or listed.stat().st_mtime < (HERE / "pom.xml").stat().st_mtime:
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:build-classpath"]
        done = subprocess.run(
            [*command, f"-Dmdep.outputFile={listed}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ClusterError(f"Maven resolves no Hadoop: {done.stdout.strip()[-2000:]}")
    return listed.read_text(encoding="utf-8").strip().split(os.pathsep)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass
class Daemon:
    """One JVM of the cluster."""

    name: str
    """Its kind and, where there are several, its number: nodemanager-2."""
    folder: Path
    port: int
    """Where it answers once it is up."""
    environment: dict[str, str]
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the JVM and return at once."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Wait until it answers. Raises ClusterError with the end of its log."""
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1.0)
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.2)
        said = (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:]
        raise ClusterError(f"{self.name} did not come up:\n{said}")

    def kill(self) -> None:
        """Kill it, like a power cut."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass
class Hadoop:
    """A running cluster."""

    folder: Path
    conf: Path
    """HADOOP_CONF_DIR of clients."""
    hdfs: str
    """hdfs://host:port"""
    connector: str
    """The jar of gs://, which a Dataproc image has on every class path."""
    daemons: dict[str, Daemon]

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs beside its own environment."""
        return {"HADOOP_CONF_DIR": str(self.conf), "YARN_CONF_DIR": str(self.conf)}

    @property
    def on_the_master(self) -> dict[str, str]:
        """The same on a machine that has Hadoop's command on its PATH."""
        return {**self.environment, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    @property
    def spark_properties(self) -> dict[str, str]:
        """Spark's properties for gs:// on drivers and executors."""
        return {f"spark.{one}.extraClassPath": self.connector for one in ("driver", "executor")}

    def dfs_admin(self, *arguments: str) -> None:
        """Run `hdfs dfsadmin`. Raises ClusterError where it fails."""
        namenode = self.daemons["namenode"]
        tool = [*namenode.command[:-1], "org.apache.hadoop.hdfs.tools.DFSAdmin"]
        _run([*tool, *arguments], namenode)


@contextmanager
def running_hadoop(
    folder: Path, java_home: str, *, nodes: int = 2, storage_url: str
) -> Iterator[Hadoop]:
    """Run HDFS with one DataNode and YARN with `nodes` nodes in the folder.

    Clients find gs:// at the storage server.
    """
    found = class_path()
    connector, distcp = (
        next(one for one in found if Path(one).name.startswith(name))
        for name in ("gcs-connector-", "hadoop-distcp-")
    )
    jars = os.pathsep.join(one for one in found if one not in (connector, distcp))
    ports = iter(free_ports(10 + 3 * nodes))
    name_port, name_http = next(ports), next(ports)
    data_ports = {
        f"dfs.datanode.{name}": f"{HOST}:{next(ports)}"
        for name in ("address", "http.address", "ipc.address")
    }
    manager = {
        f"yarn.resourcemanager.{name}": f"{HOST}:{next(ports)}"
        for name in ("address", "scheduler.address", "resource-tracker.address")
    }
    core = {
        "fs.defaultFS": f"hdfs://{HOST}:{name_port}",
        "hadoop.tmp.dir": str(folder / "tmp"),
        "ipc.client.connect.max.retries": "3",
        "ipc.client.connect.retry.interval": "500",
    }
    hdfs = {
        "dfs.namenode.name.dir": str(folder / "name"),
        "dfs.datanode.data.dir": str(folder / "data"),
        "dfs.namenode.http-address": f"{HOST}:{name_http}",
        "dfs.namenode.safemode.extension": "0",
        "dfs.replication": "1",
        "dfs.permissions.enabled": "false",
        "dfs.namenode.heartbeat.recheck-interval": "2000",
        "dfs.heartbeat.interval": "1",
        **data_ports,
    }
    yarn = {
        "yarn.resourcemanager.hostname": HOST,
        "yarn.resourcemanager.webapp.address": f"{HOST}:{next(ports)}",
        "yarn.resourcemanager.admin.address": f"{HOST}:{next(ports)}",
        "yarn.nm.liveness-monitor.expiry-interval-ms": "15000",
        "yarn.am.liveness-monitor.expiry-interval-ms": "60000",
        "yarn.resourcemanager.nm.liveness-monitor.interval-ms": "1000",
        "yarn.nodemanager.resource.memory-mb": str(NODE_MEMORY_MB),
        "yarn.nodemanager.resource.cpu-vcores": str(NODE_CORES),
        "yarn.nodemanager.vmem-check-enabled": "false",
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "100",
        "yarn.scheduler.minimum-allocation-mb": "256",
        "yarn.scheduler.maximum-allocation-mb": str(NODE_MEMORY_MB),
        **manager,
    }
    gcs = {
        "fs.gs.impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
        "fs.gs.project.id": "test-project",
        "fs.gs.auth.type": "UNAUTHENTICATED",
        "fs.gs.storage.root.url": f"{storage_url}/",
        "fs.gs.client.type": "HTTP_API_CLIENT",
        # the fake server has copy and delete, but no move and no folders
        "fs.gs.operation.move.enable": "false",
        "fs.gs.hierarchical.namespace.folders.enable": "false",
    }
    queue = "yarn.scheduler.capacity.root"
    scheduler = {
        f"{queue}.queues": "default",
        f"{queue}.default.capacity": "100",
        f"{queue}.default.maximum-am-resource-percent": "1",
        "yarn.scheduler.capacity.maximum-am-resource-percent": "1",
    }
    files = {"hdfs-site": hdfs, "yarn-site": yarn, "capacity-scheduler": scheduler}
    clients = folder / "conf"
    _write_conf(clients, {**files, "core-site": core | gcs})
    # the daemons' jar holds commons-cli under another name; Spark's jars have it under its own
    classes = f"{clients}:{SPARK_JARS}/*:{distcp}:{connector}"
    _write_command(folder / "bin" / "hadoop", f"{java_home}/bin/java", classes)

    def daemon(name: str, port: int, own: Mapping[str, str] = {}) -> Daemon:
        place = folder / name
        _write_conf(place / "conf", {**files, "core-site": core, "yarn-site": {**yarn, **own}})
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        java = [f"{java_home}/bin/java", *opened, "-Xmx384m", f"-Dhadoop.log.dir={place}"]
        main = _MAIN[name.partition("-")[0]]
        return Daemon(
            name=name,
            folder=place,
            port=port,
            environment={**os.environ, "HADOOP_CONF_DIR": str(place / "conf")},
            command=[*java, "-cp", f"{place / 'conf'}:{jars}", main],
        )

    all_of_them = [
        daemon("namenode", name_port),
        daemon("datanode", int(data_ports["dfs.datanode.ipc.address"].rpartition(":")[2])),
        daemon("resourcemanager", int(manager["yarn.resourcemanager.address"].rpartition(":")[2])),
    ]
    for number in range(1, nodes + 1):
        node, localizer, http = next(ports), next(ports), next(ports)
        own = {
            "yarn.nodemanager.address": f"{HOST}:{node}",
            "yarn.nodemanager.localizer.address": f"{HOST}:{localizer}",
            "yarn.nodemanager.webapp.address": f"{HOST}:{http}",
            "yarn.nodemanager.local-dirs": str(folder / f"nodemanager-{number}" / "local"),
            "yarn.nodemanager.log-dirs": str(folder / f"nodemanager-{number}" / "logs"),
        }
        all_of_them.append(daemon(f"nodemanager-{number}", node, own))
    daemons = {one.name: one for one in all_of_them}
    cluster = Hadoop(folder, clients, core["fs.defaultFS"], connector, daemons)
    try:
        _run([*all_of_them[0].command, "-format", "-nonInteractive"], all_of_them[0])
        for one in all_of_them:
            one.start()
        for one in all_of_them:
            one.wait()
        yield cluster
    finally:
        for one in reversed(all_of_them):
            one.kill()  # what they hold goes with the folder


def _run(command: list[str], daemon: Daemon) -> None:
    """Run a command with a daemon's conf, in its folder. Raises ClusterError where it fails."""
    done = subprocess.run(
        command, cwd=daemon.folder, env=daemon.environment, capture_output=True, text=True
    )
    if done.returncode:
        raise ClusterError(f"{' '.join(command[-2:])}:\n{done.stderr[-3000:]}")


def _write_command(path: Path, java: str, classes: str) -> None:
    """Write as much of Hadoop's own command as the suite calls."""
    path.parent.mkdir()
    path.write_text(
        '#!/bin/sh\n[ "$1" = distcp ] || { echo "hadoop $1: not here" >&2; exit 64; }\nshift\n'
        f'exec {java} -Xmx512m -cp "{classes}" org.apache.hadoop.tools.DistCp "$@"\n',
        encoding="utf-8",
    )
    path.chmod(0o755)


def _write_conf(folder: Path, files: Mapping[str, Mapping[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, properties in files.items():
        rows = "".join(
            f"  <property><name>{escape(key)}</name><value>{escape(value)}</value></property>\n"
            for key, value in properties.items()
        )
        text = f"<configuration>\n{rows}</configuration>\n"
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")
    shutil.copy(HERE / "log4j.properties", folder)
