import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { startLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

const start = (options: LabOptions = {}): Promise<BackendLab> =>
  startLab(createDaemonBackend, { own: SOURCE, ...options })

const SOURCE = `
import json
import os

import mod_wsgi

FOLDER = os.environ["LAB_FOLDER"]
mod_wsgi.start_recording_metrics()


def note(text):
    with open(os.path.join(FOLDER, "journal"), "a") as journal:
        journal.write(text + "\\n")


@mod_wsgi.subscribe_events
def on_event(name, **facts):
    if name == "request_started":
        facts["request_data"]["seen"] = facts["request_environ"]["PATH_INFO"]
        inner = facts["application_object"]

        def wrapped(environ, start_response):
            environ["wrapped"] = "yes"
            return inner(environ, start_response)

        return {"application_object": wrapped, "extra": 1}
    if name == "response_started":
        note("response " + facts["response_status"])
    if name == "request_exception":
        note("exception " + facts["exception_info"][0].__name__)
    if name == "request_finished":
        note(f"finished {facts['response_status']} {facts['output_length']} {facts['request_data']}")
        if facts["application_time"] < 0:
            raise ValueError


@mod_wsgi.subscribe_events
def second(name, **facts):
    if name == "request_started":
        note(f"extra {facts['extra']}")
        raise LookupError("a subscriber that fails")


@mod_wsgi.subscribe_shutdown
def on_shutdown(name, **facts):
    note(f"{name} {facts['shutdown_reason']}")


@mod_wsgi.subscribe_signals
def on_signal(name, **facts):
    note(f"{name} {facts['signame']}")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise KeyError("gone")
    text = {
        "version": mod_wsgi.version,
        "group": mod_wsgi.process_group,
        "interpreter": mod_wsgi.application_group,
        "size": [mod_wsgi.maximum_processes, mod_wsgi.threads_per_process],
        "active": list(mod_wsgi.active_requests) == [environ["taipan.request_id"]],
        "data": mod_wsgi.request_data(),
        "wrapped": environ.get("wrapped"),
        "process": mod_wsgi.process_metrics(),
        "request": mod_wsgi.request_metrics(),
        "pid": os.getpid(),
        "keys": {key: repr(environ[key]) for key in environ if key.startswith("mod_wsgi.")},
        "scheme": environ.get("REQUEST_SCHEME"),
        "file": environ.get("SCRIPT_FILENAME"),
        "names": [issubclass(mod_wsgi.RequestTimeout, BaseException), mod_wsgi.FileWrapper is environ["wsgi.file_wrapper"]],
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    if path == "/blocks":
        return iter([b"one", b"two"])
    return [json.dumps(text).encode()]
`

describe('the module mod_wsgi', () => {
  test('says where the application runs, and what it has served', async () => {
    await using lab = await start({ threads: 3, processes: 2 })
    const facts = JSON.parse((await fetchRaw(lab.url, '/lab/some')).text)
    expect(facts).toMatchObject({
      version: [5, 0, 0],
      group: 'web',
      interpreter: '',
      size: [2, 3],
      active: true,
      data: { seen: '/some' },
      wrapped: 'yes',
      process: { pid: facts.pid, request_count: 0, request_threads: 3, active_requests: 1 },
      request: { request_count: 0, request_threads_maximum: 3 },
      keys: {},
      names: [true, true],
    })
    expect(facts.process.memory_rss).toBeGreaterThan(1_000_000)
    expect(facts.request.application_time_buckets).toHaveLength(65)
  })

  test('tells of requests, also when subscribers fail', async () => {
    await using lab = await start({ threads: 1 })
    expect((await fetchRaw(lab.url, '/lab/blocks')).text).toBe('onetwo')
    expect((await fetchRaw(lab.url, '/lab/raise')).status).toBe(500)
    await lab.waitForEntry('exception KeyError')
    await lab.waitForEntry("finished 0 0 {'seen': '/raise'}")
    expect(lab.journal()).toEqual([
      'extra 1',
      'response 200 OK',
      "finished 200 6 {'seen': '/blocks'}",
      'extra 1',
      'exception KeyError',
      "finished 0 0 {'seen': '/raise'}",
    ])
    await lab.waitForRecord(/a subscriber that fails/)
    const { request, process: own } = JSON.parse((await fetchRaw(lab.url, '/lab/')).text)
    expect([request.request_count, request.status_2xx, own.request_count]).toEqual([2, 1, 2])
  })

  test('tells of signals and of the end', async () => {
    await using lab = await start({ threads: 1 })
    const { pid } = JSON.parse((await fetchRaw(lab.url, '/lab/')).text)
    process.kill(pid, 'SIGUSR2')
    await lab.waitForEntry('process_signal SIGUSR2')
    await lab.backend.reload()
    await lab.waitForEntry('process_stopping script_reload')
    await fetchRaw(lab.url, '/lab/')
    await lab.backend.stop()
    expect(lab.journal().at(-1)).toBe('process_stopping shutdown_signal')
  })

  test('environ has its keys with the option, whether it is imported or not', async () => {
    await using lab = await start({ environ: 'mod_wsgi', threads: 1 })
    const { keys, scheme, file } = JSON.parse((await fetchRaw(lab.url, '/lab/x')).text)
    expect(keys).toMatchObject({
      'mod_wsgi.version': '(5, 0, 0)',
      'mod_wsgi.process_group': "'web'",
      'mod_wsgi.application_group': "''",
      'mod_wsgi.callable_object': "'application'",
      'mod_wsgi.script_name': "'/lab'",
      'mod_wsgi.path_info': "'/x'",
    })
    expect(keys['mod_wsgi.connection_id']).toMatch(/^'127\.0\.0\.1:\d+'$/)
    expect([scheme, file]).toEqual(['http', `${lab.folder}/own.py`])
    // Those who subtract one from another get no time before the request.
    const begun = Number(keys['mod_wsgi.request_start'])
    for (const time of ['queue_start', 'daemon_start', 'application_start'])
      expect(Number(keys[`mod_wsgi.${time}`])).toBeGreaterThanOrEqual(begun)
  })

  test.each([0, 1])('is there inside Node, too, with %i threads', async (threads) => {
    const options = { own: SOURCE, threads, environ: 'mod_wsgi' } as const
    await using lab = await startLab(createEmbeddedBackend, options)
    const facts = JSON.parse((await fetchRaw(lab.url, '/lab/some')).text)
    expect(facts).toMatchObject({
      group: 'web',
      data: { seen: '/some' },
      active: true,
      process: { active_requests: 1 },
      keys: { 'mod_wsgi.process_group': "'web'" },
    })
    expect((await fetchRaw(lab.url, '/lab/raise')).status).toBe(500)
    expect((await fetchRaw(lab.url, '/lab/blocks')).text).toBe('onetwo')
    await lab.waitForEntry("finished 200 6 {'seen': '/blocks'}")
    expect(lab.journal().slice(3)).toEqual([
      'extra 1',
      'exception KeyError',
      "finished 0 0 {'seen': '/raise'}",
      'extra 1',
      'response 200 OK',
      "finished 200 6 {'seen': '/blocks'}",
    ])
  })

  test('requests that take turns on a thread of Node have their own data', async () => {
    const own = `
import os, time
import mod_wsgi

FOLDER = os.environ["LAB_FOLDER"]

@mod_wsgi.subscribe_events
def on_event(name, **facts):
    if name == "request_started":
        facts["request_data"]["path"] = facts["request_environ"]["PATH_INFO"]

def application(environ, start_response):
    start_response("200 OK", [])
    for _ in range(50):
        yield mod_wsgi.request_data()["path"].encode().ljust(20_000)
`
    await using lab = await startLab(createEmbeddedBackend, { own, threads: 0 })
    const paths = ['/one', '/two', '/three']
    const answers = await Promise.all(paths.map((path) => fetchRaw(lab.url, `/lab${path}`)))
    for (const [index, { text }] of answers.entries())
      expect(new Set(text.split(/ +/).filter(Boolean))).toEqual(new Set([paths[index]]))
  })
})

test('an installed package of that name wins', async () => {
  const source = `
import mod_wsgi


def application(environ, start_response):
    start_response("200 OK", [])
    return [mod_wsgi.whose.encode()]
`
  await using lab = await startLab(createDaemonBackend, {
    own: source,
    environment: { PYTHONPATH: new URL('../../fixtures/installed', import.meta.url).pathname },
  })
  expect((await fetchRaw(lab.url, '/lab/')).text).toBe('installed')
})
