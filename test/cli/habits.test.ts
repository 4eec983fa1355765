import { describe, expect, test } from 'vitest'

import { parseCommandLine, type CommandLine } from '../../src/cli/arguments.ts'
import { HABITS } from '../../src/cli/habits/table.ts'
import type { Environment } from '../../src/server/config/environment.ts'
import { listFlags } from '../../src/server/options/schema.ts'

function parse(words: string, environment: Environment = {}): CommandLine {
  const directory = '/srv/site'
  return parseCommandLine(['serve', ...words.split(' ')], { directory, environment })
}

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  // gunicorn
  ['app.py --workers 4', { processes: 4 }, '--workers 4 is --processes 4 here'],
  ['app.py -w 4', { processes: 4 }, '-w 4 is --processes 4 here'],
  ['app.py --bind=:80 -w 2', { bind: [':80'], processes: 2 }, '-w 2 is --processes 2 here'],
  [
    'app.py --timeout 30',
    { timeouts: { request: '30s' } },
    '--timeout 30 is --timeout-request 30s here; a request that takes longer is answered 504',
  ],
  ['app.py --graceful-timeout 0', { timeouts: { shutdown: 0 } }, '--timeout-shutdown 0 here'],
  ['app.py --max-requests 1000', { maximumRequests: 1000 }, '--maximum-requests 1000 here'],
  [
    'app.py --restart-interval 3600 --cpu-time-limit 60',
    { restartInterval: '3600s', cpuTimeLimit: '60s' },
    '--restart-interval 3600 is --restart-interval 3600s here',
  ],
  ['app.py --deadlock-timeout 60', { timeouts: { ping: '60s' } }, '--timeout-ping 60s here'],
  ['app.py --keep-alive 2.5', { timeouts: { idle: '2.5s' } }, '--timeout-idle 2.5s here'],
  ['app.py --worker-connections 9', { concurrency: 9 }, '--concurrency 9 here'],
  ['app.py -e SECRET=abc', { env: { SECRET: 'abc' } }, '-e SECRET=... is --env SECRET=... here'],
  ['app.py --pythonpath a,b', { env: { PYTHONPATH: 'a:b' } }, '--env PYTHONPATH=... here'],
  ['app.py --log-level warning', { log: { level: 'warn' } }, '--log-level warn here'],
  ['app.py --reload-extra-file x.ini', { reloadInclude: ['x.ini'] }, '--reload-include x.ini here'],
  // Half minutes are hardly ever meant as a number of threads.
  ['app.py -t 30', { threads: 30 }, "-t 30 is --threads 30 here; gunicorn's -t is --timeout-req"],
  ['app.py -t 600', { timeouts: { request: '600s' } }, '-t 600 is --timeout-request 600s here'],
  [
    'app.py --certfile c.pem --keyfile k.pem',
    { tls: { certificate: 'c.pem', key: 'k.pem' } },
    '--certfile c.pem is --tls-cert c.pem here',
  ],
  // uvicorn, hypercorn, granian
  [
    'm:app --host 0.0.0.0 --port 80',
    { bind: ['0.0.0.0:80'] },
    '--host 0.0.0.0 --port 80 is --bind 0.0.0.0:80 here',
  ],
  ['m:app --port 80', { bind: ['127.0.0.1:80'] }, '--port 80 is --bind 127.0.0.1:80 here'],
  ['m:app --host ::1', { bind: ['[::1]:8000'] }, '--host ::1 is --bind [::1]:8000 here'],
  ['m:app --host unix:/x.sock', { bind: ['unix:/x.sock'] }, '--bind unix:/x.sock here'],
  ['m:app --uds /x.sock', { bind: ['unix:/x.sock'] }, '--uds /x.sock is --bind unix:/x.sock here'],
  ['m:app --fd 3', { bind: ['fd:3'] }, '--bind fd:3 here'],
  ['m:make --factory', { app: 'm:make()' }, "--factory is 'm:make()' here"],
  ['m:app --interface asgi3', { interface: 'asgi' }, '--interface asgi here'],
  ['m:app --timeout-keep-alive 5', { timeouts: { idle: '5s' } }, '--timeout-idle 5s here'],
  ['m:app --limit-concurrency 5', { limits: { connections: 5 } }, '--limit-connections 5 here'],
  [
    'm:app --ws-per-message-deflate false',
    { webSocket: { compression: false } },
    '--ws-no-compression here',
  ],
  ['m:app --mount-point /x', { mount: '/x' }, '--mount-point /x is --mount /x here; where a proxy'],
  // daphne, flask, Django, waitress, uWSGI, mod_wsgi-express
  ['-b 0.0.0.0 -p 8001 m:app', { bind: ['0.0.0.0:8001'] }, '-p 8001 is --bind 0.0.0.0:8001 here'],
  ['--app app.py --debug', { app: 'app.py', dev: true }, '--debug is --dev here'],
  ['. 8000', { app: '.', bind: ['127.0.0.1:8000'] }, '8000 is --bind 127.0.0.1:8000 here'],
  ['0.0.0.0:80', { bind: ['0.0.0.0:80'] }, '0.0.0.0:80 is --bind 0.0.0.0:80 here'],
  ['. [::1]:80', { app: '.', bind: ['[::1]:80'] }, '--bind [::1]:80 here'],
  ['. :80', { app: '.', bind: ['0.0.0.0:80'] }, ':80 is --bind 0.0.0.0:80 here'],
  ['. --settings a.b', { env: { DJANGO_SETTINGS_MODULE: 'a.b' } }, '--settings a.b is --env'],
  ['m:make --call --listen *:80', { app: 'm:make()', bind: ['*:80'] }, "--call is 'm:make()' here"],
  ['--http :80 --wsgi-file a.py', { app: 'a.py', bind: [':80'] }, '--http :80 is --bind :80 here'],
  ['-u /run/x.sock --ping-interval 20 m:app', { bind: ['unix:/run/x.sock'] }, '-u /run/x.sock is'],
  ['m:app --ping-timeout 5', { webSocket: { pingTimeout: '5s' } }, '--ws-ping-timeout 5s here'],
  [
    'app.py --harakiri 9 --static-map /s=d --py-autoreload 1 --disable-logging',
    { timeouts: { request: '9s' }, static: { '/s': 'd' }, reload: true, log: { access: false } },
    '--harakiri 9 is --timeout-request 9s here',
  ],
  [
    '--startup-file app.py --max-pool-size 6',
    { app: 'app.py', processes: 6 },
    '--processes 6 here',
  ],
  [
    'a.py --socket :3031 --fastcgi-socket 127.0.0.1:9000 --scgi-socket /run/s.sock',
    { bind: ['uwsgi://0.0.0.0:3031', 'fastcgi://127.0.0.1:9000', 'scgi+unix:/run/s.sock'] },
    '--socket :3031 is --bind uwsgi://0.0.0.0:3031 here',
  ],
  ['a.wsgi --reload-on-changes', { reload: true }, '--reload-on-changes is --reload here'],
])('%s', (words, value, hint) => {
  const { layer, hints, warnings } = parse(words)
  expect(layer.value).toMatchObject(value)
  expect(hints.join('\n')).toContain(hint)
  expect(warnings).toEqual([])
})

test.each([
  ['app.py --lazy-apps', '--lazy-apps has no effect: each process loads the application'],
  ['app.py -k gevent', '-k has no effect: the application itself tells WSGI from ASGI'],
  ['app.py --worker-class uvicorn.workers.UvicornWorker', '--worker-class has no effect'],
  ['app.py --access-log', '--access-log has no effect: each request has a record'],
  ['app.py --access-logfile -', 'each request has a record on standard output'],
  ['app.py --access-logfile a.log', 'write > FILE for a file'],
  ['app.py --error-logfile=e.log', 'write > FILE for a file'],
  ['app.py --log-config x.ini', 'set up the logging of Python in the application'],
  ['app.py --proxy-headers', 'X-Forwarded-* fields are passed on'],
  ['app.py --http h11', 'there is one parser of HTTP'],
  ['app.py --no-debug', 'nothing is shown to clients without --dev'],
  ['app.py --pid x.pid', 'no file is written'],
  ['app.py --insecure', 'static files of Django come from its finders with --dev'],
  ['app.py -6', 'addresses tell that themselves'],
])('%s is told, and left out', (words, warning) => {
  const { layer, hints, warnings } = parse(words)
  expect(layer.value).toEqual({ app: 'app.py' })
  expect(hints).toEqual([])
  expect(warnings).toEqual([expect.stringContaining(warning)])
})

test.each([
  ['app.py --cert adhoc', /--cert is not supported: .* --dev --tls/],
  ['app.py --ssl-keyfile-password x', /--ssl-keyfile-password is not supported: nobody is asked/],
  ['app.py -D', /-D is not supported: Taipan stays in the foreground/],
  ['app.py --auth-user-script a.py', /access and auth in taipan.config.ts take the same scripts/],
  ['app.py --port eighty', /--port: expected a port from 0 to 65535, found "eighty"/],
  ['app.py --workers', /--workers needs a value: --workers N/],
])('%s is refused', (words, message) => {
  expect(() => parse(words)).toThrow(message)
})

describe('what is said', () => {
  test('once, however often it is given', () => {
    expect(parse('app.py --host a --host b').hints).toHaveLength(1)
    expect(parse('app.py --lazy-apps --lazy-apps').warnings).toHaveLength(1)
  })

  test('names an option as it was written when its value is wrong', () => {
    expect(parse('app.py -w x').layer.sources.get('processes')?.name).toBe('-w')
    expect(parse('app.py --port 1').layer.sources.get('bind')?.name).toBe('--port')
  })

  test('nothing about our own', () => {
    const { hints, warnings } = parse('app.py -b 127.0.0.1:0 -e embedded -p 512 -i asgi -t 4')
    expect([hints, warnings]).toEqual([[], []])
    for (const words of ['app.py -t 64', 'app.py --threads 60', 'app.py --root-path /x'])
      expect(parse(words).hints).toEqual([])
  })
})

test('--chdir is where everything relative counts from', () => {
  expect(parse('app.py --chdir code').layer.directory).toBe('/srv/site/code')
  expect(parse('app.py --chdir /other').layer.directory).toBe('/other')
})

test('a host without port takes that of PORT', () => {
  expect(parse('app.py --host 0.0.0.0', { PORT: '5000' }).layer.value['bind']).toEqual([
    '0.0.0.0:5000',
  ])
})

test('no name or letter means two things, and all of them lead to flags', () => {
  const flags = listFlags().map(({ flag }) => flag)
  const names = flags.map(({ name }) => name)
  const always = HABITS.filter(({ when }) => when === undefined)
  const foreign = always.flatMap((habit) => habit.names)
  expect(new Set([...foreign, ...names]).size).toBe(foreign.length + names.length)
  const letters = [...HABITS, ...flags].flatMap(({ short }) => short ?? [])
  expect(new Set(letters).size).toBe(letters.length)
  for (const { meaning } of HABITS)
    if (meaning.is === 'option') expect(names).toContain(meaning.flag)
})
