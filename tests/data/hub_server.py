"""A hub on the loopback interface: the part of the hub's HTTP API that adaptx uses, with every request counted.

``with serve([Repository(...), ...]) as hub:`` gives ``hub.url`` for ``HF_ENDPOINT`` and ``hub.requests``, the list of
``"METHOD path"`` in order. A repository has one commit, to which every branch name resolves; it states of each file its
size and hash as the hub does: git's own of a small file, sha256 of one in ``lfs``. What goes wrong is told by ``wrong``
(bytes that are sent in the place of a file's, first to last, then the file), ``status``, ``length`` and ``answer``.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True, kw_only=True)
class Repository:
    kind: str  # "dataset" or "model"
    id: str  # namespace/name
    commit: str  # 40 hex digits
    files: Mapping[str, bytes]
    lfs: Collection[str] = ()
    wrong: Mapping[str, list[bytes]] = field(default_factory=dict)
    status: Mapping[str, int] = field(default_factory=dict)  # name of a file, or "" for the API
    length: Mapping[str, int] = field(default_factory=dict)  # Content-Length that is told of a file
    answer: bytes | None = None  # of the API, in the place of its own

    @property
    def api(self) -> str:
        return f"/api/{self.kind}s/{self.id}"

    @property
    def resolve(self) -> str:
        return f"/datasets/{self.id}/resolve/" if self.kind == "dataset" else f"/{self.id}/resolve/"

    def knows(self, revision: str) -> bool:
        return revision == self.commit or len(revision) < 40


@dataclass
class Hub:
    url: str
    requests: list[str] = field(default_factory=list)

    def downloads(self) -> list[str]:
        return [asked.partition(" ")[2] for asked in self.requests if asked.startswith("GET") and "/resolve/" in asked]


@contextmanager
def serve(repositories: Sequence[Repository]) -> Iterator[Hub]:
    hub = Hub("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(send_body=False)

        def do_GET(self) -> None:
            self._answer(send_body=True)

        def _answer(self, *, send_body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            status, body, headers = _reply(repositories, path, send_body=send_body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if send_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Reply = tuple[int, bytes, dict[str, str]]


def digest(repository: Repository, name: str) -> str:
    body = repository.files[name]
    if name in repository.lfs:
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def _reply(repositories: Sequence[Repository], path: str, *, send_body: bool) -> Reply:
    for repository in repositories:
        if path == repository.api or path.startswith(f"{repository.api}/"):
            return _api(repository, path.removeprefix(repository.api).strip("/").split("/"))
        if path.startswith(repository.resolve):
            revision, _, name = path.removeprefix(repository.resolve).partition("/")
            return _file(repository, revision, name, send_body=send_body)
    return 404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}


def _api(repository: Repository, parts: Sequence[str]) -> Reply:
    if "" in repository.status:
        return repository.status[""], b"{}", {}
    if repository.answer is not None:
        return 200, repository.answer, {"Content-Type": "application/json"}
    match parts:
        case [""] | ["revision", _] | ["tree", _] if parts == [""] or repository.knows(parts[1]):
            tree = [{"type": "file", "path": name, "size": len(body)} for name, body in repository.files.items()]
            about = {
                "id": repository.id,
                "sha": repository.commit,
                "siblings": [_sibling(repository, name) for name in repository.files],
            }
            body = json.dumps(tree if parts[0] == "tree" else about).encode()
            return 200, body, {"Content-Type": "application/json"}
    return 404, b"{}", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"}


def _sibling(repository: Repository, name: str) -> dict[str, Any]:
    size, found = len(repository.files[name]), digest(repository, name)
    if name in repository.lfs:
        lfs = {"size": size, "sha256": found, "pointerSize": 130}
        return {"rfilename": name, "size": size, "blobId": "0" * 40, "lfs": lfs}
    return {"rfilename": name, "size": size, "blobId": found}


def _file(repository: Repository, revision: str, name: str, *, send_body: bool) -> Reply:
    if not repository.knows(revision):
        return 404, b"", {"X-Error-Code": "RevisionNotFound"}
    if name in repository.status:
        return repository.status[name], b"", {}
    if name not in repository.files:
        return 404, b"", {"X-Error-Code": "EntryNotFound"}
    body, waiting = repository.files[name], repository.wrong.get(name, [])
    if waiting:
        body = waiting.pop(0) if send_body else waiting[0]
    headers = {"ETag": f'"{digest(repository, name)}"', "X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}
    told = {"Content-Length": str(repository.length[name])} if name in repository.length else {}
    return 200, body, {**headers, **told}


def parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def question(number: int) -> dict[str, Any]:
    answers = {"text": ["mill"], "answer_start": [4]}
    return {"id": f"q{number}", "question": "What?", "context": f"The mill {number}", "answers": answers}
