import { join } from 'node:path'
import { prepareCertificate } from '../environment/certificate.ts'
import { APPLICATIONS, PROGRAMS } from '../environment/paths.ts'
import type { BenchServer, LaunchContext } from './server.ts'

/** Rust before Python threads or an event loop. */
export const granian: BenchServer = {
  name: 'granian',
  title: 'Granian',
  distribution: 'granian',
  interfaces: ['wsgi', 'asgi'],
  transports: ['http', 'https', 'http2'],
  launch: ({ bin, port, module, interface: kind, transport, threads, scratch, environment }) => ({
    command: join(bin, 'granian'),
    args: [
      ...(kind === 'wsgi'
        ? ['--interface=wsgi', `--blocking-threads=${threads}`]
        : ['--interface=asgi', '--loop=uvloop']),
      ...(transport === 'http' ? [] : formatCertificate(scratch)),
      '--host=127.0.0.1',
      `--port=${port}`,
      '--workers=1',
      '--runtime-threads=1',
      '--backlog=10000',
      '--backpressure=10000',
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
  interfaces: ['wsgi', 'asgi'],
  sockets: false,
  launch: (context) => createProgram(context, 'serve_fastpysgi.py'),
}

/** All in C, one thread. */
export const bjoern: BenchServer = {
  name: 'bjoern',
  title: 'bjoern',
  distribution: 'bjoern-binary',
  launch: (context) => createProgram(context, 'serve_bjoern.py'),
}

/** uWebSockets in C++, called through cffi. */
export const socketify: BenchServer = {
  name: 'socketify',
  title: 'socketify',
  distribution: 'socketify',
  launch: (context) => createProgram(context, 'serve_socketify.py'),
}

function formatCertificate(scratch: string): readonly string[] {
  const { certificate, key } = prepareCertificate(scratch)
  return [`--ssl-certificate=${certificate}`, `--ssl-keyfile=${key}`]
}

function createProgram({ bin, module, port, environment }: LaunchContext, script: string) {
  return {
    command: join(bin, 'python'),
    args: [join(PROGRAMS, script), module, String(port)],
    environment: { ...environment, PYTHONPATH: APPLICATIONS },
  }
}
