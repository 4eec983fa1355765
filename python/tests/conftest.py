"""Fixtures: a real worker process, used as Node uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.asgi_driver import Driver
from support.project import Project
from support.sessions import close_stores
from support.worker_process import WorkerProcess

StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def session_stores() -> Iterator[None]:
    """Closes the stores of sessions after the test."""
    yield
    close_stores()


@pytest.fixture
def start_worker() -> Iterator[StartWorker]:
    """Starts workers, and ends them after the test."""
    workers: list[WorkerProcess] = []

    def start(*applications: object, **options: object) -> WorkerProcess:
        worker = WorkerProcess(applications, **options)  # type: ignore[arg-type]
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.close()


@pytest.fixture
def drive() -> Iterator[Callable[..., Driver]]:
    """Makes and starts hubs with applications, and ends them after the test."""
    drivers: list[Driver] = []

    def start(*applications: object, **options: object) -> Driver:
        driver = Driver(*applications, **options)  # type: ignore[arg-type]
        drivers.append(driver)
        return driver.start()

    yield start
    for driver in drivers:
        driver.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Writes files, loads targets, and leaves `sys.path` and `sys.modules` as they were."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Project(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuses arguments without a test; pytest is content when one of several has any."""
    places = {place for item in items for place in (item.path, *item.path.parents)}
    for arg in config.args:
        if (config.invocation_params.dir / arg.split("::")[0]).resolve() not in places:
            raise pytest.UsageError(f"no test is in {arg}")
