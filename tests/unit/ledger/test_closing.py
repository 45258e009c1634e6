"""A ledger that is closed while its thread still writes: a signal can end everything else before that."""

import subprocess
import sys
from pathlib import Path

# In a process of its own: what this is about ends one without a word.
PROGRAM = """
import sys, threading, time
from pathlib import Path
from batch_credits.errors import LedgerError
from batch_credits.ledger import Ledger

for number in range(20):
    ledger = Ledger.open(Path(sys.argv[1], f"{number}.sqlite3"))
    ended = []

    def write():
        try:
            while True:
                with ledger._db.transaction():
                    ledger.sites.note_address("acme-test", "https://acme-test.chargebee.com")
                    ledger._db.all("covered", tuple, kind="site")
                ledger._db.value("last_site")
        except LedgerError as error:
            ended.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(number / 2000)
    ledger.close()
    thread.join()
    assert "closed" in str(ended[0]), ended
print("well")
"""


def test_nothing_is_closed_under_a_statement(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "well\n"), ended.stderr
