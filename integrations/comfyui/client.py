"""A client of a Retone service. Python's standard library is all that it needs."""

import json
import time
import urllib.error
import urllib.request
import uuid

POLL_SECONDS = 0.5
TIMEOUT_SECONDS = 60
PREFIX = "/api/v3/stability-ai/stable-audio-3/"


class RetoneError(Exception):
    """A request that was refused, or a task that failed."""


class Retone:
    def __init__(self, url, key):
        self.url = url.rstrip("/")
        self.key = key

    def upload(self, data, name="input.wav"):
        """Uploads a recording; returns the URL that stands for it as `audio`."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = head.encode() + b"Content-Type: audio/wav\r\n\r\n" + data + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return self._call("POST", "/api/v3/media/upload/binary", body, kind)["download_url"]

    def run(self, model, parameters, on_progress=None, interrupted=None):
        """Submits a task and waits for it; returns the bytes of its result. `interrupted` may raise, which cancels the task."""
        given = {name: value for name, value in parameters.items() if value is not None}
        task = self._call("POST", PREFIX + model, json.dumps(given).encode(), "application/json")
        try:
            while task["status"] in ("created", "processing"):
                if interrupted:
                    interrupted()
                if on_progress:
                    on_progress(task)
                time.sleep(POLL_SECONDS)
                task = self._call("GET", f"/api/v3/predictions/{task['id']}")
        except BaseException:
            self._cancel(task["id"])
            raise
        if task["status"] != "completed":
            raise RetoneError(task["error"] or f"the task was {task['status']}")
        # The service may have another name for itself than the one it is reached by here.
        path = "/files/" + task["outputs"][0].split("/files/", 1)[1]
        return self._request("GET", path), task

    def _cancel(self, task_id):
        try:
            self._call("DELETE", f"/api/v3/predictions/{task_id}")
        except RetoneError:
            pass

    def _call(self, method, path, body=None, kind=None):
        return json.loads(self._request(method, path, body, kind))["data"]

    def _request(self, method, path, body=None, kind=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        if kind:
            headers["Content-Type"] = kind
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            try:
                message = json.load(error)["message"]
            except (ValueError, KeyError):
                message = f"the service answered {error.code}"
            raise RetoneError(message) from None
        except OSError as error:
            raise RetoneError(f"{self.url} does not answer: {error}") from None
