import { expandAddress } from '../../server/config/address.ts'
import type { GivenOption, Habit, Meaning } from './habit.ts'

type More = Partial<Omit<Habit, 'names' | 'meaning'>> &
  Partial<Pick<Extract<Meaning, { is: 'option' }>, 'convert' | 'note'>>

/** Numbers are seconds elsewhere. */
const SECONDS: More = {
  value: 'SECONDS',
  convert: (value) => (/^\d*[1-9.]\d*$/.test(value) ? `${value}s` : value),
}
const LEVELS: Readonly<Record<string, string>> = {
  trace: 'debug',
  warning: 'warn',
  critical: 'error',
}
const INTERFACES: Readonly<Record<string, string>> = {
  asgi3: 'asgi',
  asgi2: 'asgi',
  asginl: 'asgi',
}

const PROXY_FIELDS =
  'X-Forwarded-* fields are passed on as they come, unless --trust-proxy names the proxies to believe'

const WORKERS = [
  rename('workers', 'processes', { short: 'w', value: 'N' }),
  rename('worker-connections', 'concurrency', { value: 'N' }),
  nothing(
    'worker-class',
    'the application itself tells WSGI from ASGI (or --interface does), -t says how many threads a process has, and applications that patch themselves by gevent or eventlet are served',
    { short: 'k', value: 'NAME' },
  ),
  rename('preload-app', 'preload'),
  rename('max-pool-size', 'processes', { value: 'N' }),
  nothing('min-instances', '-p 2-6 is a range of processes', { value: 'N' }),
  nothing('app-type', 'the application itself tells what it is', { value: 'NAME' }),
  nothing('lazy-apps', 'each process loads the application by itself, but for --preload'),
  rename('max-requests limit-max-requests', 'maximum-requests', { value: 'N' }),
  rename('max-requests-jitter', 'maximum-requests-jitter', { value: 'N' }),
  nothing(
    'master enable-threads die-on-term single-interpreter vacuum need-app reuse-port',
    'it is so anyway',
  ),
  nothing('with-threads', 'there are threads anyway (-t)'),
  // More threads than there may be.
  rename('threads', 'timeout-request', {
    ...SECONDS,
    when: ({ written, value }) =>
      written === '-t' && /^\d{3,4}$/.test(value) && Number(value) > 512,
    note: 'a request that takes longer is answered 504',
  }),
  // Whole half minutes are rarely meant as a number of threads.
  rename('threads', 'threads', {
    value: 'N',
    when: ({ written, value }) =>
      written === '-t' && /^\d{2,3}$/.test(value) && Number(value) % 30 === 0,
    note: "gunicorn's -t is --timeout-request",
  }),
  rename('without-threads nothreading', 'threads', { convert: () => '1' }),
  rename('name proc-name process-name', 'display-name', { short: 'n', value: 'NAME' }),
]

const LISTENING = [
  habit('host address', { is: 'host' }, { value: 'HOST' }),
  habit('port', { is: 'port' }, { value: 'PORT' }),
  // More processes than there may be.
  habit(
    'processes',
    { is: 'port' },
    {
      value: 'PORT',
      when: ({ written, value }) =>
        written === '-p' && /^\d{4,5}$/.test(value) && Number(value) > 1023,
    },
  ),
  rename('uds unix-socket', 'bind', { value: 'PATH', convert: (value) => `unix:${value}` }),
  rename('fd', 'bind', { value: 'N', convert: (value) => `fd:${value}` }),
  rename('listen insecure-bind http-socket', 'bind', { value: 'ADDR' }),
  rename('http', 'bind', { value: 'ADDR', when: ({ value }) => /^:?\d+$|:\d+$/.test(value) }),
  rename('socket uwsgi-socket', 'bind', { value: 'ADDR', convert: (at) => toDoor('uwsgi', at) }),
  rename('fastcgi-socket', 'bind', { value: 'ADDR', convert: (at) => toDoor('fastcgi', at) }),
  rename('scgi-socket', 'bind', { value: 'ADDR', convert: (at) => toDoor('scgi', at) }),
  refused('quic-bind', 'HTTP/3 is not spoken; let a proxy in front do that', { value: 'ADDR' }),
  nothing('ipv6', 'addresses tell that themselves, as in -b [::1]:8000', { short: '6' }),
  nothing('http', 'there is one parser of HTTP', { value: 'NAME' }),
  nothing('ws', 'there is one implementation of WebSockets', { value: 'NAME' }),
  rename('url-prefix mount-point', 'mount', {
    value: 'PATH',
    note: 'where a proxy in front takes the prefix away, write --root-path',
  }),
  nothing(
    'backlog',
    'up to 1024 connections may wait to be accepted; ?backlog=N behind an address says another number',
    { value: 'N' },
  ),
  nothing('proxy-headers no-proxy-headers', PROXY_FIELDS),
  nothing('forwarded-allow-ips proxy-allow-from', PROXY_FIELDS, { value: 'IPS' }),
  nothing('url-scheme', `the scheme is that of the connection; ${PROXY_FIELDS}`, { value: 'NAME' }),
  nothing('manage-script-name', 'SCRIPT_NAME is always that of --mount'),
  nothing(
    'server-header no-server-header date-header no-date-header',
    'Date and Server are always sent',
  ),
  refused('cert', 'a certificate for development is made by --dev --tls', {
    value: 'adhoc',
    when: ({ value }) => value === 'adhoc',
  }),
  rename('certfile ssl-certfile cert', 'tls-cert', { value: 'FILE' }),
  rename('keyfile ssl-keyfile key', 'tls-key', { value: 'FILE' }),
  refused(
    'ssl-keyfile-password',
    'nobody is asked for the passphrase of a key, and none is read; decrypt it by openssl pkey',
    { value: 'TEXT' },
  ),
  refused('ca-certs ssl-ca-certs', 'taipan.config.ts says it: tls.ca and tls.clientCertificate', {
    value: 'FILE',
  }),
  refused(
    'host-access-script auth-user-script auth-group-script',
    'routes say who may come in: access and auth in taipan.config.ts take the same scripts',
    { value: 'FILE' },
  ),
  refused('auth-type auth-group', 'routes say it: auth in taipan.config.ts', { value: 'NAME' }),
  refused('header', 'set the field in the application or in a proxy in front', {
    value: 'NAME:VALUE',
  }),
]

const TIMES = [
  rename('timeout request-timeout harakiri http-timeout', 'timeout-request', {
    ...SECONDS,
    note: 'a request that takes longer is answered 504',
  }),
  rename('graceful-timeout', 'timeout-shutdown', {
    ...SECONDS,
    // Elsewhere it is the time of a stop, and a number.
    when: isWholeNumber,
  }),
  rename('timeout-graceful-shutdown shutdown-timeout', 'timeout-shutdown', SECONDS),
  // mod_wsgi-express has them as numbers of seconds.
  ...[
    'restart-interval',
    'inactivity-timeout',
    'interrupt-timeout',
    'eviction-timeout',
    'cpu-time-limit',
  ].map((name) => rename(name, name, { ...SECONDS, when: isWholeNumber })),
  rename('keep-alive keepalive timeout-keep-alive channel-timeout', 'timeout-idle', SECONDS),
  rename('timeout-worker-healthcheck deadlock-timeout', 'timeout-ping', SECONDS),
  rename('startup-timeout', 'timeout-startup', SECONDS),
  rename('limit-concurrency connection-limit', 'limit-connections', { value: 'N' }),
  rename('limit-request-line', 'limit-target-bytes', { value: 'BYTES' }),
  rename('limit-request-fields', 'limit-header-count', { value: 'N' }),
  nothing('buffer-size', '--limit-header-bytes is 64 kB unless it is given', { value: 'BYTES' }),
  nothing('limit-request-field_size', '--limit-header-bytes holds for all fields together', {
    value: 'BYTES',
  }),
  rename('h11-max-incomplete-event-size', 'limit-header-bytes', { value: 'BYTES' }),
  rename('max-request-body-size', 'limit-body', { value: 'BYTES' }),
  rename('ping-interval websocket-ping-interval', 'ws-ping-interval', SECONDS),
  rename('ping-timeout', 'ws-ping-timeout', SECONDS),
  rename('ws-per-message-deflate', 'ws-no-compression', {
    value: 'BOOL',
    when: ({ value }) => /^(0|no|off|f|n|false)$/i.test(value),
    convert: () => '',
  }),
  nothing('ws-per-message-deflate', 'messages are compressed unless --ws-no-compression is given', {
    value: 'BOOL',
  }),
  nothing('ws-max-queue', 'a client that sends faster than the application reads is held back', {
    value: 'N',
  }),
]

const APPLICATION = [
  habit('app wsgi-file module startup-file', { is: 'target' }, { short: 'A', value: 'TARGET' }),
  habit('factory call', { is: 'factory' }),
  rename('static-map', 'static', { value: 'URL=DIR' }),
  nothing(
    'insecure nostatic',
    'static files of Django come from its finders with --dev, else from STATIC_ROOT',
  ),
  refused('ini xml yaml', 'write the options here, or into taipan.config.ts', { value: 'FILE' }),
  rename('working-directory working-dir', 'chdir', { value: 'DIR' }),
  rename('pythonpath python-path', 'env', {
    value: 'DIRS',
    convert: (value) => `PYTHONPATH=${value.replaceAll(',', ':')}`,
  }),
  rename('settings', 'env', {
    value: 'MODULE',
    convert: (value) => `DJANGO_SETTINGS_MODULE=${value}`,
  }),
  rename('engine', 'env', { value: 'K=V', when: ({ value }) => value.includes('=') }),
  rename('virtualenv venv', 'python', { value: 'DIR', convert: (value) => `${value}/bin/python` }),
  rename('interface', 'interface', {
    value: 'NAME',
    when: ({ value }) => INTERFACES[value] !== undefined,
    convert: (value) => INTERFACES[value] ?? value,
  }),
  nothing('lifespan', 'the lifespan of an application runs when it has one', { value: 'MODE' }),
  rename('c', 'config', { short: 'c', value: 'FILE' }),
  rename('m', 'umask', { short: 'm', value: 'MASK' }),
  rename('V', 'version', { short: 'V' }),
]

const DEVELOPMENT = [
  rename('debug', 'dev'),
  rename('reload-on-changes', 'reload'),
  rename('py-autoreload', 'reload', { value: 'SECONDS', convert: () => '' }),
  rename('noreload no-reload disable-reloading', 'no-script-reloading'),
  nothing('no-debug', 'nothing is shown to clients without --dev'),
  rename('reload-extra-file extra-files', 'reload-include', { value: 'FILE' }),
  rename('exclude-patterns', 'reload-exclude', { value: 'GLOB' }),
  nothing('reload-delay reload-engine', 'what changes within a moment is one reload', {
    value: 'VALUE',
  }),
]

const OUTPUT = [
  rename('log-level', 'log-level', {
    value: 'LEVEL',
    when: ({ value }) => LEVELS[value.toLowerCase()] !== undefined,
    convert: (value) => LEVELS[value.toLowerCase()] ?? value,
  }),
  nothing('access-log', 'each request has a record unless --no-access-log is given'),
  nothing('access-logfile', 'each request has a record on standard output', {
    value: 'FILE',
    when: isStandard,
  }),
  nothing('access-logfile', 'records of requests go to standard output; write > FILE for a file', {
    value: 'FILE',
  }),
  nothing('error-logfile log-file', 'all records go to standard output', {
    value: 'FILE',
    when: isStandard,
  }),
  nothing('error-logfile log-file', 'records go to standard output; write > FILE for a file', {
    value: 'FILE',
  }),
  nothing(
    'log-config log-config-json logger-class',
    'Taipan has its own records (--log-level, --log-format); set up the logging of Python in the application',
    { value: 'FILE' },
  ),
  rename('disable-logging', 'no-access-log'),
  nothing('log-to-terminal', 'all records go to standard output'),
  nothing('verbosity', '--log-level says how much is logged', { value: 'N' }),
  nothing('statsd-host', 'no figures are sent', { value: 'ADDR' }),
  nothing('capture-output', 'what the application prints goes into the log anyway'),
  nothing('use-colors no-use-colors', 'terminals get colours, unless NO_COLOR is set'),
  nothing(
    'pid pidfile',
    'no file is written: a service manager knows the process, and a shell has $!',
    {
      value: 'FILE',
    },
  ),
  refused(
    'daemon daemonize',
    'Taipan stays in the foreground; start it by a service manager, or with & in a shell',
    { short: 'D' },
  ),
  // Daphne's socket.
  rename('user', 'bind', {
    value: 'PATH',
    when: ({ written, value }) => written === '-u' && value.includes('/'),
    convert: (value) => `unix:${value}`,
  }),
  rename('uid', 'user', { value: 'NAME', convert: toAccount }),
  rename('gid', 'group', { value: 'NAME', convert: toAccount }),
]

/** What people bring from gunicorn, uvicorn, hypercorn, waitress, uWSGI, mod_wsgi-express, Passenger, `flask run` and `runserver`; of several entries for a name the first that fits counts. */
export const HABITS: readonly Habit[] = [
  ...APPLICATION,
  ...LISTENING,
  ...WORKERS,
  ...TIMES,
  ...DEVELOPMENT,
  ...OUTPUT,
]

function habit(names: string, meaning: Meaning, more: Omit<More, 'convert' | 'note'> = {}): Habit {
  return { ...more, names: names.split(' '), meaning }
}

function rename(names: string, flag: string, { convert, note, ...more }: More = {}): Habit {
  const meaning = {
    is: 'option',
    flag,
    ...(convert && { convert }),
    ...(note && { note }),
  } as const
  return habit(names, meaning, more)
}

function nothing(names: string, reason: string, more: Omit<More, 'convert' | 'note'> = {}): Habit {
  return habit(names, { is: 'nothing', reason }, more)
}

function refused(names: string, reason: string, more: Omit<More, 'convert' | 'note'> = {}): Habit {
  return habit(names, { is: 'refused', reason }, more)
}

function isWholeNumber({ value }: GivenOption): boolean {
  return /^\d+$/.test(value)
}

function isStandard({ value }: GivenOption): boolean {
  return ['-', '/dev/stdout', '/dev/stderr'].includes(value)
}

/** Others take a number as it is. */
function toAccount(value: string): string {
  return /^\d+$/.test(value) ? `#${value}` : value
}

/** The address of a socket of uWSGI: a path, or a port with or without a host. */
function toDoor(protocol: string, address: string): string {
  const isPlace = /^[^/]*:\d+$/.test(address)
  return isPlace
    ? `${protocol}://${expandAddress(address) ?? address}`
    : `${protocol}+unix:${address}`
}
