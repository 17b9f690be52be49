"""Fills the dev server's index of runs: StartTime cannot be chosen through its API.

    python3 seed_runs.py DATABASE TEMPLATE_WORKFLOW_ID FROM TO

Copies the row of one real run, numbers FROM to TO: one a half minute back from now, one in a hundred open, the
others closed up to an hour after they began, one of ten failed.
"""

import datetime
import random
import sqlite3
import sys
import uuid

database, template, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
connection = sqlite3.connect(database, timeout=120)
stored = (
    "namespace_id run_id _version start_time execution_time workflow_id workflow_type_name status close_time "
    "history_length execution_duration memo encoding task_queue search_attributes root_workflow_id root_run_id"
).split()
row = dict(
    zip(
        stored,
        connection.execute(
            f"SELECT {', '.join(stored)} FROM executions_visibility WHERE workflow_id = ?", (template,)
        ).fetchone(),
    )
)
now = datetime.datetime.now(datetime.timezone.utc)
chance = random.Random(1)
COMPLETED, FAILED, RUNNING = 2, 3, 1


def at(seconds_ago: float) -> str:
    moment = now - datetime.timedelta(seconds=seconds_ago)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") + "+00:00"


def copy(number: int) -> list:
    begun = number * 26 + chance.random() * 26 + 3700
    is_open = number % 100 == 0
    took = chance.random() * 3600
    run_id, workflow_id = str(uuid.uuid4()), f"seeded-{number}"
    return list(
        {
            **row,
            "run_id": run_id,
            "workflow_id": workflow_id,
            "root_run_id": run_id,
            "root_workflow_id": workflow_id,
            "start_time": at(begun),
            "execution_time": at(begun),
            "status": RUNNING if is_open else FAILED if number % 10 == 1 else COMPLETED,
            "close_time": None if is_open else at(begun - took),
            "history_length": None if is_open else 11,
            "execution_duration": None if is_open else int(took * 1e9),
        }.values()
    )


insert = f"INSERT INTO executions_visibility ({', '.join(stored)}) VALUES ({', '.join('?' * len(stored))})"
for start in range(first, last, 500):
    with connection:
        connection.executemany(insert, [copy(number) for number in range(start, min(start + 500, last))])
