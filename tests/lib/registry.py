# SPDX-License-Identifier: MIT
"""A registry for tests: as much of the OCI distribution specification as
skopeo needs to push an image and to pull it again. All is in memory.

    with Registry() as at:      # "localhost:PORT"
"""
import hashlib
import http.server
import re
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):  # pylint: disable=arguments-differ
        pass

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def find(self):
        """What is asked for: content and media type, or None."""
        m = re.fullmatch(r"/v2/.+/(blobs|manifests)/([^/]+)", self.path)
        if not m:
            return None
        return self.server.blobs.get(self.server.tags.get(m[2], m[2]))

    def do_GET(self):
        if self.path == "/v2/":
            return self.answer(200, b"{}", Content_Type="application/json")
        found = self.find()
        if not found:
            return self.answer(404, b"{}")
        data, media = found
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        return self.answer(200, data, Content_Type=media,
                           Docker_Content_Digest=digest)

    do_HEAD = do_GET

    def do_POST(self):
        self.body()
        self.server.upload = b""
        self.answer(202, Location=self.path.rstrip("/") + "/1", Range="0-0")

    def do_PATCH(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.server.upload += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            self.server.upload += self.body()
        self.answer(202, Location=self.path)

    def do_PUT(self):
        data = self.body()
        media = self.headers.get("Content-Type", "application/octet-stream")
        if "/manifests/" in self.path:
            tag = self.path.rsplit("/", 1)[1]
        else:
            data, tag = self.server.upload + data, None
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.server.blobs[digest] = data, media
        if tag:
            self.server.tags[tag] = digest
        self.answer(201, Docker_Content_Digest=digest, Location=self.path)


class Registry:
    def __enter__(self):
        self.server = http.server.HTTPServer(("localhost", 0), Handler)
        self.server.blobs, self.server.tags = {}, {}
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()
        return f"localhost:{self.server.server_port}"

    def __exit__(self, *args):
        self.server.shutdown()
