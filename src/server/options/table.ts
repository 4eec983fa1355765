import * as v from 'valibot'
import {
  accessFormat,
  boolean,
  choice,
  integer,
  list,
  pairs,
  processes,
  recordOf,
  text,
} from '../option-types/kinds.ts'
import { ERROR_PAGES_OPTION } from '../routes/error-pages-option.ts'
import { ROUTE_KIND_OPTIONS } from '../routes/route-kinds.ts'
import { createGroupTable } from './group-options.ts'
import { createSection, flag, option, optional } from '../option-types/option.ts'
import { ACCESS_OPTION, AUTH_OPTION, AUTHORIZER_OPTION } from './guard-options.ts'
import { LRWP } from './lrwp.ts'
import { SESSIONS } from './sessions.ts'
import { BUFFERS, LIMITS, QUEUE, TIMEOUTS, WEB_SOCKET } from './traffic.ts'

const methods = v.pipe(
  list,
  v.everyItem(
    (method) => /^[A-Z]+(?:-[A-Z]+)*$/.test(method),
    'a method like "GET", or a list of them',
  ),
)
const interfaces = choice(['auto', 'wsgi', 'asgi'])
const engines = choice(['daemon', 'embedded'])
const loops = choice(['auto', 'asyncio', 'uvloop'])
const threads = integer(0, 512)
const concurrency = integer(1, 65_535)

/** `log`: what is logged. */
const LOG = {
  level: optional(choice(['debug', 'info', 'warn', 'error', 'silent']), {
    description:
      'Least severe log records to write: debug, info, warn, error or silent (info; for the library warn).',
    environment: 'TAIPAN_LOG_LEVEL',
    flag: flag('Logs', 'log-level', { value: 'LEVEL' }),
  }),
  format: option(choice(['pretty', 'json']), 'pretty', {
    description: 'Format of log records: for people (pretty) or one JSON object per line (json).',
    environment: 'TAIPAN_LOG_FORMAT',
    flag: flag('Logs', 'log-format', { value: 'FORMAT' }),
  }),
  access: optional(boolean, {
    description: 'Log one record per request (true; for the library false).',
    form: 'boolean',
    environment: 'TAIPAN_ACCESS_LOG',
    flag: flag('Logs', 'no-access-log', { negative: true, help: 'Log no record per request.' }),
  }),
  accessFormat: option(accessFormat, 'pretty', {
    description:
      'How pretty logs show a request: pretty, common, combined, or a template like `%h %t "%r" %>s`. JSON always has all fields.',
    environment: 'TAIPAN_ACCESS_FORMAT',
    flag: flag('Logs', 'access-format', { value: 'FORMAT' }),
  }),
}

/** `apps.NAME`: applications, by target, or by folder, file and callable. */
const APP = {
  target: optional(text, {
    description: 'The application as on the command line: `pkg.mod:attr`, `path/app.py`, a folder.',
  }),
  appDirectory: optional(text, {
    description:
      'Folder that a relative target or file starts from; on `sys.path` (the folder of the configuration).',
    anchor: 'path',
  }),
  appFilename: optional(text, {
    description: 'Instead of a target: a file, executed as a module of its own (application.py).',
  }),
  callable: optional(text, {
    description: 'Name of the callable (for a target the usual names; for a file handler).',
  }),
  callableQueryName: optional(v.nullable(text), {
    description:
      'Query parameter by which clients select the callable; null, the default, disables this.',
  }),
  cacheCallables: option(boolean, true, {
    description: 'False: load the application for each request.',
  }),
  reloadOnModification: option(boolean, false, {
    description: 'Load a file again when its modification time changes.',
  }),
  multithread: option(boolean, true, {
    description: 'False: run one request at a time in each process.',
  }),
  interpreter: optional(text, {
    description:
      'Sub-interpreter that it runs in, shared by the applications of its group that give the same name (main, the main interpreter). Needs Python 3.12.',
  }),
  interface: option(interfaces, 'auto', { description: 'How the application is called.' }),
  group: optional(text, { description: 'Its process group (needed if there are several).' }),
  env: option(pairs, {}, { description: 'Environment variables of its processes.' }),
}

/** `routes[]`: what answers which hosts and paths. */
const ROUTE = {
  host: optional(text, {
    description: '`example.org`, or `*.example.org` for all hosts below it; any host by default.',
  }),
  path: option(text, '/', {
    description: 'Matches the path itself and everything below it; the longest path wins.',
  }),
  method: optional(methods, {
    description:
      'Answer these methods only (all; GET includes HEAD); others go to the next matching route.',
  }),
  match: optional(text, {
    description:
      'Answer only what this pattern matches in the rest of the path, such as `*.py` or `admin/*`; the rest goes to the next matching route.',
  }),
  access: ACCESS_OPTION,
  auth: AUTH_OPTION,
  authorizer: AUTHORIZER_OPTION,
  errorPages: ERROR_PAGES_OPTION,
  ...ROUTE_KIND_OPTIONS,
}

/** Options at the top of the configuration that apply to everything. */
export const GENERAL = {
  app: optional(text, {
    description: 'The application of the short form: TARGET of the command line.',
    environment: 'TAIPAN_APP',
  }),
  interface: option(interfaces, 'auto', {
    description: 'How the application is called: auto (detected), wsgi or asgi.',
    environment: 'TAIPAN_INTERFACE',
    flag: flag('Application', 'interface', { short: 'i', value: 'NAME' }),
  }),
  callable: optional(text, {
    description: 'Name of the callable if TARGET names none; by default the usual names are tried.',
    environment: 'TAIPAN_CALLABLE',
    flag: flag('Application', 'callable', { value: 'NAME' }),
  }),
  mount: optional(text, {
    description: 'URL prefix of the application; it becomes SCRIPT_NAME (rootPath, or /).',
    environment: 'TAIPAN_MOUNT',
    flag: flag('Application', 'mount', {
      value: 'PATH',
      help: 'URL prefix of the application; it becomes SCRIPT_NAME (that of --root-path, or /).',
    }),
  }),
  rootPath: optional(text, {
    description:
      'URL prefix that a proxy in front takes away from the paths; it is put back before routes are looked for.',
    environment: 'TAIPAN_ROOT_PATH',
    flag: flag('Application', 'root-path', {
      value: 'PATH',
      help: 'URL prefix that a proxy in front takes away; the application sees it as SCRIPT_NAME.',
    }),
  }),
  appDirectory: optional(text, {
    description:
      'Folder that a relative TARGET starts from, first on sys.path (the working directory).',
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
    description: 'File with environment variables as KEY=VALUE lines; repeatable.',
    form: 'list',
    anchor: 'path',
    addsUp: true,
    environment: 'TAIPAN_ENV_FILE',
    flag: flag('Application', 'env-file', { value: 'FILE' }),
  }),
  bind: option(list, '127.0.0.1:8000', {
    description:
      'Address to listen on: host:port, unix:PATH (with ?mode=660 for its permissions) or fd:N; for a server in front fastcgi://host:port, fastcgi+unix:PATH or fastcgi+fd:N, and likewise scgi and uwsgi; port 0 takes a free one; repeatable.',
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
  scripts: option(
    pairs,
    {},
    {
      description:
        'Serve the folder DIR below URL: Python scripts are run, other files are sent; repeatable.',
      form: 'pairs',
      anchor: 'path',
      environment: 'TAIPAN_SCRIPTS',
      flag: flag('Files', 'scripts', { value: 'URL=DIR' }),
    },
  ),
  upstream: option(
    pairs,
    {},
    {
      description:
        'Answer what is below URL by another server, at an address such as fastcgi://127.0.0.1:9000; repeatable.',
      form: 'pairs',
      anchor: 'upstream',
      environment: 'TAIPAN_UPSTREAM',
      flag: flag('Files', 'upstream', { value: 'URL=ADDR' }),
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
    description: 'Processes with Python; auto is one per processor.',
    form: 'processes',
    perGroup: true,
    environment: 'TAIPAN_PROCESSES',
    flag: flag('Processes', 'processes', { short: 'p', value: 'N|auto' }),
  }),
  threads: optional(threads, {
    description:
      'WSGI: threads per process; each serves one request at a time (4); embedded also 0, its default: on the thread of Node.',
    form: 'number',
    perGroup: true,
    toWorker: 'threads',
    environment: 'TAIPAN_THREADS',
    flag: flag('Processes', 'threads', { short: 't', value: 'N' }),
  }),
  loop: option(loops, 'auto', {
    description:
      'ASGI: event loop, asyncio or uvloop; auto is uvloop if it is installed. Embedded Python always has asyncio.',
    perGroup: true,
    toWorker: 'loop',
    environment: 'TAIPAN_LOOP',
    flag: flag('Processes', 'loop', { value: 'NAME' }),
  }),
  concurrency: option(concurrency, 10_000, {
    description: 'ASGI: simultaneous requests and WebSockets per process; more wait in the queue.',
    form: 'number',
    perGroup: true,
    environment: 'TAIPAN_CONCURRENCY',
    flag: flag('Processes', 'concurrency', { value: 'N' }),
  }),
  cancelOnDisconnect: option(boolean, false, {
    description:
      'ASGI: cancel the application when its client disconnects before the response is complete.',
    perGroup: true,
  }),
  python: optional(text, {
    description: 'Python interpreter (found by VIRTUAL_ENV, .venv, uv, poetry or PATH).',
    perGroup: true,
    anchor: 'program',
    environment: 'TAIPAN_PYTHON',
    flag: flag('Processes', 'python', { value: 'PATH' }),
  }),
  limits: option(createSection(LIMITS), {}, { description: 'Limits for clients.', table: LIMITS }),
  timeouts: option(createSection(TIMEOUTS), {}, { description: 'Time limits.', table: TIMEOUTS }),
  queue: option(
    createSection(QUEUE),
    {},
    { description: 'Requests that wait for a thread or an event loop.', table: QUEUE },
  ),
  buffers: option(
    createSection(BUFFERS),
    {},
    { description: 'Memory for slow clients, so that they do not occupy threads.', table: BUFFERS },
  ),
  webSocket: option(
    createSection(WEB_SOCKET),
    {},
    { description: 'Options for WebSockets.', table: WEB_SOCKET },
  ),
  sessions: option(
    createSection(SESSIONS),
    {},
    { description: 'Sessions and application state of scripts and pages.', table: SESSIONS },
  ),
  lrwp: option(
    createSection(LRWP),
    {},
    { description: 'Programs that connect to this server to answer requests (LRWP).', table: LRWP },
  ),
  log: option(createSection(LOG), {}, { description: 'Options for the log.', table: LOG }),
  reload: option(boolean, false, {
    description: 'Reload the application when its Python files change.',
    form: 'boolean',
    environment: 'TAIPAN_RELOAD',
    flag: flag('Development', 'reload'),
  }),
  reloadDir: option(list, [], {
    description: 'Folder to watch for changes instead of those of the applications; repeatable.',
    form: 'list',
    anchor: 'path',
    environment: 'TAIPAN_RELOAD_DIR',
    flag: flag('Development', 'reload-dir', { value: 'DIR' }),
  }),
  reloadInclude: option(list, [], {
    description: 'Pattern of other files to watch, by name or path, such as *.html; repeatable.',
    form: 'list',
    environment: 'TAIPAN_RELOAD_INCLUDE',
    flag: flag('Development', 'reload-include', { value: 'GLOB' }),
  }),
  reloadExclude: option(list, [], {
    description: 'Pattern of files or folders not to watch, by name or path; repeatable.',
    form: 'list',
    environment: 'TAIPAN_RELOAD_EXCLUDE',
    flag: flag('Development', 'reload-exclude', { value: 'GLOB' }),
  }),
  dev: option(boolean, false, {
    description:
      'For development: --reload for all kinds of files, and tracebacks and fresh pages in the browser.',
    form: 'boolean',
    toWorker: 'dev',
    environment: 'TAIPAN_DEV',
    flag: flag('Development', 'dev'),
  }),
  refresh: option(boolean, true, {
    description: 'With --dev: pages in the browser load themselves again after a change.',
    form: 'boolean',
    environment: 'TAIPAN_REFRESH',
    flag: flag('Development', 'no-refresh', {
      negative: true,
      help: 'With --dev: leave pages in the browser as they are after a change.',
    }),
  }),
}

/** `groups.NAME`: options that a group may override. */
export const GROUP = createGroupTable(GENERAL)

/** All options of a configuration. */
export const TOP = {
  ...GENERAL,
  groups: option(
    recordOf(createSection(GROUP), 'an object of groups'),
    {},
    { description: 'Process groups by name.', table: GROUP, holdsMany: true },
  ),
  apps: option(
    recordOf(createSection(APP), 'an object of applications'),
    {},
    { description: 'Applications by name.', table: APP, holdsMany: true },
  ),
  routes: option(v.array(createSection(ROUTE), 'a list of routes'), [], {
    description: 'What answers which hosts and paths; exactly one answerer each.',
    table: ROUTE,
    holdsMany: true,
  }),
}

/** Options of the command line that are not part of a configuration. */
export const COMMAND_LINE = {
  config: optional(text, {
    description:
      'Configuration file (without TARGET: taipan.config.{ts,mts,js,mjs,json} in the working directory).',
    environment: 'TAIPAN_CONFIG',
    flag: flag('General', 'config', { value: 'FILE' }),
  }),
  chdir: optional(text, {
    description: 'Working directory: for relative paths and for the application.',
    flag: flag('Application', 'chdir', { value: 'DIR' }),
  }),
  umask: optional(text, {
    description: 'Permissions to remove from new files and sockets, in octal, such as 007.',
    flag: flag('Processes', 'umask', { value: 'MASK' }),
  }),
  json: optional(boolean, {
    description: 'Print the report as JSON.',
    form: 'boolean',
    flag: flag('General', 'json', { commands: ['check'] }),
  }),
  help: optional(boolean, {
    description: 'Print this help.',
    form: 'boolean',
    flag: flag('General', 'help', { short: 'h', commands: ['serve', 'check', 'path'] }),
  }),
  version: optional(boolean, {
    description: 'Print the version.',
    form: 'boolean',
    flag: flag('General', 'version', { short: 'v', commands: ['serve', 'check', 'path'] }),
  }),
}
