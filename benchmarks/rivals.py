"""What else adds credits to a Chargebee: each posts the rows of a file to a server, once, and remembers nothing.

    python benchmarks/rivals.py NAME BASE_URL FILE [THREADS]        sdk or requests; prints rows and seconds as JSON

`race` runs one of them, or curl or newman where they are installed, and returns rows a second. Each checks that every
row was answered with 200, and nothing else. Starting up is not counted, but for curl's, which takes no time.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import urlencode

HERE = Path(__file__).parent
ADD = "/api/v2/promotional_credits/add"
Row = dict[str, str]


class Missing(Exception):
    """It is not installed; the text says so."""


def race(name: str, base_url: str, file: Path, threads: int = 1) -> float:
    """Rows a second.

    Raises:
        Missing: it is not installed.
    """
    if name in PROGRAMS:
        return PROGRAMS[name](base_url, file, threads)
    command = [sys.executable, __file__, name, base_url, str(file), str(threads)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if "ModuleNotFoundError" in done.stderr:
        raise Missing(f"Left out {name}: the package is not installed (pip install '.[bench]').")
    if done.returncode:
        raise AssertionError(done.stderr)
    told = json.loads(done.stdout)
    return float(told["rows"] / told["seconds"])


def read_rows(file: Path) -> list[Row]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def sdk(base_url: str) -> Callable[[Row], None]:
    """The vendor's SDK, as it comes, but for plain http."""
    import chargebee

    chargebee.Chargebee.verify_ca_certs = False  # else it makes https of every address
    client = chargebee.Chargebee(api_key="k", site="bench")
    client.env.protocol, client.env.api_endpoint = "http", f"{base_url}/api/v2"

    def post(row: Row) -> None:
        fields: Any = {**row, "amount": int(row["amount"])}
        answer = client.PromotionalCredit.add(fields, headers={"chargebee-idempotency-key": row["customer_id"]})
        assert answer.promotional_credit.id

    return post


def requests(base_url: str) -> Callable[[Row], None]:
    """The `requests` library, a session for each thread."""
    import requests as library

    url, own = base_url + ADD, local()

    def post(row: Row) -> None:
        if not hasattr(own, "session"):
            own.session = library.Session()
            own.session.auth = ("k", "")
            own.session.trust_env = False
        answer = own.session.post(url, data=row, headers={"chargebee-idempotency-key": row["customer_id"]}, timeout=60)
        assert answer.status_code == 200 and answer.json()["promotional_credit"]["id"]

    return post


def curl(base_url: str, file: Path, threads: int) -> float:
    """`curl --parallel`, from a file of all requests."""
    if not shutil.which("curl"):
        raise Missing("Left out curl: it is not installed.")
    rows, config = read_rows(file), file.with_suffix(".curl")
    config.write_text(
        "next\n".join(
            f'url = "{base_url}{ADD}"\nuser = "k:"\nheader = "chargebee-idempotency-key: {row["customer_id"]}"\n'
            f'data = "{urlencode(row)}"\noutput = "/dev/null"\nwrite-out = "%{{http_code}}\\n"\n'
            for row in rows
        )
    )
    command = ["curl", "--silent", "--parallel", "--parallel-max", str(threads), "--config", str(config)]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    assert done.stdout.split() == ["200"] * len(rows), done.stdout[:200]
    return len(rows) / seconds


def newman(base_url: str, file: Path, _threads: int) -> float:
    """Postman's newman, which sends the rows in sequence; by its own clock."""
    program = shutil.which("newman", path=os.pathsep.join([*_folders_of_newman(), os.environ.get("PATH", "")]))
    if not program:
        raise Missing("Left out newman: it is not installed (npm install newman).")
    fields = ("customer_id", "amount", "currency_code", "description", "reference")
    request = {
        "method": "POST",
        "url": base_url + ADD,
        "auth": {"type": "basic", "basic": [{"key": "username", "value": "k"}, {"key": "password", "value": ""}]},
        "header": [{"key": "chargebee-idempotency-key", "value": "{{customer_id}}"}],
        "body": {"mode": "urlencoded", "urlencoded": [{"key": each, "value": "{{" + each + "}}"} for each in fields]},
    }
    check = "pm.test('credited', () => pm.expect(pm.response.json().promotional_credit.id).to.be.ok)"
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    events = [{"listen": "test", "script": {"exec": [check]}}]
    collection = {"info": {"name": "credits", "schema": schema}, "item": [{"name": "add", "request": request}]}
    written, told = file.with_suffix(".collection.json"), file.with_suffix(".newman.json")
    written.write_text(json.dumps({**collection, "event": events}))
    command = [program, "run", str(written), "--iteration-data", str(file), "--reporters", "json"]
    subprocess.run([*command, "--reporter-json-export", str(told)], check=True, capture_output=True)
    run = json.loads(told.read_text())["run"]
    rows, checks = run["stats"]["requests"], run["stats"]["assertions"]
    assert (rows["failed"], checks["failed"]) == (0, 0) and rows["total"] == checks["total"], run["stats"]
    return float(rows["total"] / (run["timings"]["completed"] - run["timings"]["started"]) * 1000)


def _folders_of_newman() -> list[str]:
    """Where `make bench` puts it: beside the environment's own programs."""
    return [str(Path(sys.prefix) / "newman" / "node_modules" / ".bin")]


PROGRAMS: dict[str, Callable[[str, Path, int], float]] = {"curl": curl, "newman": newman}
LIBRARIES: dict[str, Callable[[str], Callable[[Row], None]]] = {"sdk": sdk, "requests": requests}


def main(name: str, base_url: str, file: Path, threads: int) -> None:
    rows, post = read_rows(file), LIBRARIES[name](base_url)
    began = time.monotonic()
    if threads == 1:
        for row in rows:
            post(row)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(post, rows):
                pass
    print(json.dumps({"rows": len(rows), "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 1)
