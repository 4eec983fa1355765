import { join } from 'node:path'
import { APPLICATIONS, PROGRAMS } from '../environment/paths.ts'
import type { BenchServer } from './server.ts'

/** Rust in front of Python threads. */
export const granian: BenchServer = {
  name: 'granian',
  title: 'Granian',
  distribution: 'granian',
  launch: ({ bin, port, module, threads, environment }) => ({
    command: join(bin, 'granian'),
    args: [
      '--interface=wsgi',
      '--host=127.0.0.1',
      `--port=${port}`,
      '--workers=1',
      '--runtime-threads=1',
      `--blocking-threads=${threads}`,
      '--backlog=2048',
      '--backpressure=1024',
      '--log-level=warning',
      `${module}:application`,
    ],
    directory: APPLICATIONS,
    environment,
  }),
}

/** All in C, one thread. */
export const fastPySgi: BenchServer = {
  name: 'fastpysgi',
  title: 'FastPySGI',
  distribution: 'fastpysgi',
  launch: ({ bin, port, module, environment }) => ({
    command: join(bin, 'fastpysgi'),
    args: [`${module}:application`, '--host=127.0.0.1', `--port=${port}`, '--loglevel=0'],
    directory: APPLICATIONS,
    environment: { ...environment, PYTHONPATH: APPLICATIONS },
  }),
}

/** All in C, one thread. */
export const bjoern: BenchServer = {
  name: 'bjoern',
  title: 'bjoern',
  distribution: 'bjoern-binary',
  launch: ({ bin, port, module, environment }) => ({
    command: join(bin, 'python'),
    args: [join(PROGRAMS, 'serve_bjoern.py'), module, String(port)],
    environment: { ...environment, PYTHONPATH: APPLICATIONS },
  }),
}

/** uWebSockets in C++, called through cffi. */
export const socketify: BenchServer = {
  name: 'socketify',
  title: 'socketify',
  distribution: 'socketify',
  launch: ({ bin, port, module, environment }) => ({
    command: join(bin, 'python'),
    args: [join(PROGRAMS, 'serve_socketify.py'), module, String(port)],
    environment: { ...environment, PYTHONPATH: APPLICATIONS },
  }),
}
