"""Makes a process one for scripts."""

from __future__ import annotations

from functools import lru_cache

from taipan.scripts.process.descriptors import install_descriptors
from taipan.scripts.process.environment import install_environment
from taipan.scripts.process.exits import install_exits
from taipan.scripts.process.forks import install_forks
from taipan.scripts.process.main_module import install_main_module
from taipan.scripts.process.programs import install_programs
from taipan.scripts.process.root_logger import install_root_logger
from taipan.scripts.process.streams import install_streams
from taipan.scripts.process.threads import install_threads


@lru_cache(None)
def install_process() -> None:
    """Replaces what scripts find there by what looks at their request. May be called twice."""
    install_streams()
    install_environment()
    install_descriptors()
    install_programs()
    install_main_module()
    install_root_logger()
    install_threads()
    install_exits()
    install_forks()
