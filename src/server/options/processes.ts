import { boolean, choice, integer, processes, text, threads } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

const engines = choice(['daemon', 'embedded'])
const loops = choice(['auto', 'asyncio', 'uvloop'])
const concurrency = integer(1, 65_535)

/** Processes with Python. */
export const PROCESSES = {
  engine: option(engines, 'daemon', {
    description:
      'Where Python runs: in supervised worker processes (daemon) or inside Node (embedded).',
    perGroup: true,
    environment: 'TAIPAN_ENGINE',
    flag: flag('Processes', 'engine', { short: 'e', value: 'NAME' }),
  }),
  processes: option(processes, 1, {
    description:
      'Processes with Python; auto is one per processor, 1-8 from one to eight by the time that requests wait.',
    form: 'processes',
    perGroup: true,
    environment: 'TAIPAN_PROCESSES',
    flag: flag('Processes', 'processes', { short: 'p', value: 'N|auto|MIN-MAX' }),
  }),
  preload: option(boolean, false, {
    description:
      'Load the applications once, in a process from which the workers are forked: they share its memory.',
    form: 'boolean',
    perGroup: true,
    environment: 'TAIPAN_PRELOAD',
    flag: flag('Processes', 'preload'),
  }),
  threads: optional(threads, {
    description:
      'WSGI: threads per process; each serves one request at a time (4); main: one request at a time on the main thread; embedded also 0, its default: on the thread of Node.',
    form: 'number',
    perGroup: true,
    toWorker: 'threads',
    environment: 'TAIPAN_THREADS',
    flag: flag('Processes', 'threads', { short: 't', value: 'N|main' }),
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
}
