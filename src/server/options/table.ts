import { z } from 'zod'
import { boolean, choice, integer, list, pairs, processes, text } from './kinds.ts'
import { ROUTE_KIND_OPTIONS } from '../routes/route-kinds.ts'
import { createGroupTable } from './group-options.ts'
import { createSection, flag, option, optional } from './option.ts'
import { BUFFERS, LIMITS, QUEUE, TIMEOUTS, WEB_SOCKET } from './traffic.ts'

const interfaces = choice(['auto', 'wsgi', 'asgi'])
const engines = choice(['daemon', 'embedded'])
const loops = choice(['auto', 'asyncio', 'uvloop'])
const threads = integer(0, 512)
const concurrency = integer(1, 65_535)

/** `log`: what is written. */
const LOG = {
  level: optional(choice(['debug', 'info', 'warn', 'error', 'silent']), {
    description:
      'Least severe records that are written: debug, info, warn, error or silent (info; for the library warn).',
    environment: 'TAIPAN_LOG_LEVEL',
    flag: flag('Logs', 'log-level', { value: 'LEVEL' }),
  }),
  format: option(choice(['pretty', 'json']), 'pretty', {
    description: 'Lines for people (pretty) or one JSON object per line (json).',
    environment: 'TAIPAN_LOG_FORMAT',
    flag: flag('Logs', 'log-format', { value: 'FORMAT' }),
  }),
  access: optional(boolean, {
    description: 'Write one record per request (true; for the library false).',
    form: 'boolean',
    environment: 'TAIPAN_ACCESS_LOG',
    flag: flag('Logs', 'no-access-log', { negative: true, help: 'Write no record per request.' }),
  }),
}

/** `apps.NAME`: applications, by a target or by folder, file and callable. */
const APP = {
  target: optional(text, {
    description: 'The application as on the command line: `pkg.mod:attr`, `path/app.py`, a folder.',
  }),
  appDirectory: optional(text, {
    description:
      'Folder that the target or the file counts from; on `sys.path` (the folder of the configuration).',
    anchor: 'path',
  }),
  appFilename: optional(text, {
    description: 'Instead of a target: the file, executed in a module of its own (application.py).',
  }),
  callable: optional(text, {
    description: 'Name of the callable (usual names for a target; handler for a file).',
  }),
  callableQueryName: optional(text.nullable(), {
    description:
      'Query parameter by which clients choose the callable; null, the default, switches this off.',
  }),
  cacheCallables: option(boolean, true, {
    description: 'False loads the application anew for each request.',
  }),
  reloadOnModification: option(boolean, false, {
    description: 'Load a file again when its modification time differs.',
  }),
  multithread: option(boolean, true, {
    description: 'False runs one request at a time in each process.',
  }),
  interface: option(interfaces, 'auto', { description: 'How the application is called.' }),
  group: optional(text, { description: 'Its process group (the only one, when there is one).' }),
  env: option(pairs, {}, { description: 'Environment variables of its processes.' }),
}

/** `routes[]`: which paths and hosts are answered by what. */
const ROUTE = {
  host: optional(text, {
    description: '`example.org`, or `*.example.org` for all below it; without it, any host.',
  }),
  path: option(text, '/', {
    description: 'Holds for the path itself and everything below; the longest wins.',
  }),
  ...ROUTE_KIND_OPTIONS,
}

/** Options at the top of the configuration that say something about all. */
export const GENERAL = {
  app: optional(text, {
    description: 'The application of the short form: the TARGET of the command line.',
    environment: 'TAIPAN_APP',
  }),
  interface: option(interfaces, 'auto', {
    description: 'How the application is called: auto (told by what it is), wsgi or asgi.',
    environment: 'TAIPAN_INTERFACE',
    flag: flag('Application', 'interface', { short: 'i', value: 'NAME' }),
  }),
  callable: optional(text, {
    description:
      'Name of the callable when TARGET names none; without it the usual names are tried.',
    environment: 'TAIPAN_CALLABLE',
    flag: flag('Application', 'callable', { value: 'NAME' }),
  }),
  mount: option(text, '/', {
    description: 'URL prefix of the application; it becomes SCRIPT_NAME.',
    environment: 'TAIPAN_MOUNT',
    flag: flag('Application', 'mount', { value: 'PATH' }),
  }),
  appDirectory: optional(text, {
    description: 'Folder that the target counts from, first on sys.path (the working directory).',
    anchor: 'path',
    environment: 'TAIPAN_APP_DIR',
    flag: flag('Application', 'app-dir', { value: 'DIR' }),
  }),
  env: option(
    pairs,
    {},
    {
      description: 'Environment variable of the application; repeatable.',
      form: 'pairs',
      flag: flag('Application', 'env', { value: 'K=V' }),
    },
  ),
  envFile: option(list, [], {
    description: 'File of environment variables, KEY=VALUE lines; repeatable.',
    form: 'list',
    anchor: 'path',
    addsUp: true,
    environment: 'TAIPAN_ENV_FILE',
    flag: flag('Application', 'env-file', { value: 'FILE' }),
  }),
  bind: option(list, '127.0.0.1:8000', {
    description:
      'Address to listen on: host:port, unix:PATH or fd:N; port 0 takes a free one; repeatable.',
    form: 'list',
    anchor: 'address',
    environment: 'TAIPAN_BIND',
    flag: flag('Listening', 'bind', { short: 'b', value: 'ADDR' }),
  }),
  static: option(
    pairs,
    {},
    {
      description: 'Serve the files of DIR below URL; files win over the application; repeatable.',
      form: 'pairs',
      anchor: 'path',
      environment: 'TAIPAN_STATIC',
      flag: flag('Files', 'static', { value: 'URL=DIR' }),
    },
  ),
  engine: option(engines, 'daemon', {
    description:
      'Where Python runs: in supervised worker processes (daemon) or inside Node (embedded).',
    perGroup: true,
    environment: 'TAIPAN_ENGINE',
    flag: flag('Processes', 'engine', { short: 'e', value: 'NAME' }),
  }),
  processes: option(processes, 1, {
    description: 'Processes with Python; auto is one for each processor.',
    form: 'processes',
    perGroup: true,
    environment: 'TAIPAN_PROCESSES',
    flag: flag('Processes', 'processes', { short: 'p', value: 'N|auto' }),
  }),
  threads: optional(threads, {
    description:
      'WSGI: threads of each process, each serves one request at a time (4); embedded also 0, its default: on the thread of Node.',
    form: 'number',
    perGroup: true,
    toWorker: 'threads',
    environment: 'TAIPAN_THREADS',
    flag: flag('Processes', 'threads', { short: 't', value: 'N' }),
  }),
  loop: option(loops, 'auto', {
    description:
      'ASGI: event loop, asyncio or uvloop; auto is uvloop where it is installed. Embedded has asyncio.',
    perGroup: true,
    toWorker: 'loop',
    environment: 'TAIPAN_LOOP',
    flag: flag('Processes', 'loop', { value: 'NAME' }),
  }),
  concurrency: option(concurrency, 10_000, {
    description: 'ASGI: requests and WebSockets of one process at a time; more wait in the queue.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_CONCURRENCY',
    flag: flag('Processes', 'concurrency', { value: 'N' }),
  }),
  cancelOnDisconnect: option(boolean, false, {
    description:
      'ASGI: cancel the application when its client leaves before the response is whole.',
    perGroup: true,
  }),
  python: optional(text, {
    description: 'Python interpreter (found by VIRTUAL_ENV, .venv, uv, poetry or PATH).',
    perGroup: true,
    anchor: 'program',
    environment: 'TAIPAN_PYTHON',
    flag: flag('Processes', 'python', { value: 'PATH' }),
  }),
  limits: option(
    createSection(LIMITS),
    {},
    { description: 'What a client may send.', table: LIMITS },
  ),
  timeouts: option(
    createSection(TIMEOUTS),
    {},
    { description: 'How long things may take.', table: TIMEOUTS },
  ),
  queue: option(
    createSection(QUEUE),
    {},
    { description: 'Requests that wait for a thread.', table: QUEUE },
  ),
  buffers: option(
    createSection(BUFFERS),
    {},
    { description: 'Bytes held so that slow clients do not hold threads.', table: BUFFERS },
  ),
  webSocket: option(
    createSection(WEB_SOCKET),
    {},
    { description: 'How WebSockets are kept.', table: WEB_SOCKET },
  ),
  log: option(createSection(LOG), {}, { description: 'What is written.', table: LOG }),
  reload: option(boolean, false, {
    description: 'Load the application anew when its Python files change.',
    form: 'boolean',
    environment: 'TAIPAN_RELOAD',
    flag: flag('Development', 'reload'),
  }),
  dev: option(boolean, false, {
    description: 'For development: --reload, and tracebacks go to the browser.',
    form: 'boolean',
    toWorker: 'dev',
    environment: 'TAIPAN_DEV',
    flag: flag('Development', 'dev'),
  }),
}

/** `groups.NAME`: what a group may override. */
export const GROUP = createGroupTable(GENERAL)

/** All options of a configuration. */
export const TOP = {
  ...GENERAL,
  groups: option(
    z.record(z.string().min(1), createSection(GROUP), { error: 'an object of groups' }),
    {},
    { description: 'Process groups by name.', table: GROUP, holdsMany: true },
  ),
  apps: option(
    z.record(z.string().min(1), createSection(APP), { error: 'an object of applications' }),
    {},
    { description: 'Applications by name.', table: APP, holdsMany: true },
  ),
  routes: option(z.array(createSection(ROUTE), { error: 'a list of routes' }), [], {
    description: 'Which paths and hosts are answered by what; exactly one answerer each.',
    table: ROUTE,
    holdsMany: true,
  }),
}

/** Options of the command line that are no part of a configuration. */
export const COMMAND_LINE = {
  config: optional(text, {
    description: 'Configuration file (without TARGET: taipan.config.{ts,mts,js,mjs,json} here).',
    environment: 'TAIPAN_CONFIG',
    flag: flag('General', 'config', { value: 'FILE' }),
  }),
  json: optional(boolean, {
    description: 'Print the report as JSON.',
    form: 'boolean',
    flag: flag('General', 'json', { commands: ['check'] }),
  }),
  help: optional(boolean, {
    description: 'Print this help.',
    form: 'boolean',
    flag: flag('General', 'help', { short: 'h' }),
  }),
  version: optional(boolean, {
    description: 'Print the version.',
    form: 'boolean',
    flag: flag('General', 'version', { short: 'v' }),
  }),
}
