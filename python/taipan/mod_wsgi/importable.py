"""The module `mod_wsgi` of applications, which is there when they import it."""

from taipan.mod_wsgi.events import (
    active_requests,
    event_callbacks,
    request_data,
    shutdown_callbacks,
    signal_callbacks,
    subscribe_events,
    subscribe_shutdown,
    subscribe_signals,
)
from taipan.mod_wsgi.log_handler import LogHandler
from taipan.mod_wsgi.metrics import (
    process_metrics,
    request_metrics,
    server_metrics,
    start_recording_metrics,
)
from taipan.mod_wsgi.place import PLACE, VERSION, attach
from taipan.request_timeout import RequestTimeout
from taipan.wsgi.file_wrapper import FileWrapper

version = VERSION
process_group = PLACE.process_group
application_group = PLACE.application_group
maximum_processes = PLACE.processes
threads_per_process = PLACE.threads

attach()

__all__ = [
    "FileWrapper",
    "LogHandler",
    "RequestTimeout",
    "active_requests",
    "application_group",
    "event_callbacks",
    "maximum_processes",
    "process_group",
    "process_metrics",
    "request_data",
    "request_metrics",
    "server_metrics",
    "shutdown_callbacks",
    "signal_callbacks",
    "start_recording_metrics",
    "subscribe_events",
    "subscribe_shutdown",
    "subscribe_signals",
    "threads_per_process",
    "version",
]
