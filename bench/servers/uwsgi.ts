import { dirname, join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import type { BenchServer, LaunchContext } from './server.ts'

/** One process whose threads accept connections themselves; a connection keeps its thread. */
export const uwsgi: BenchServer = {
  name: 'uwsgi',
  title: 'uWSGI, threads',
  distribution: 'uwsgi',
  launch: (context) => createUwsgi(context, [`--http11-socket=127.0.0.1:${context.port}`]),
}

/** Its HTTP router, another process, before one process with threads. */
export const uwsgiRouter: BenchServer = {
  name: 'uwsgi-router',
  title: 'uWSGI, router and threads',
  distribution: 'uwsgi',
  launch: (context) =>
    createUwsgi(context, [`--http=127.0.0.1:${context.port}`, '--http-keepalive']),
}

/** One process of uWSGI with these sockets. */
export function createUwsgi(
  { bin, module, threads, environment }: LaunchContext,
  args: readonly string[],
) {
  return {
    command: join(bin, 'uwsgi'),
    args: [
      ...args,
      '--processes=1',
      `--threads=${threads}`,
      '--listen=1000',
      '--master',
      '--die-on-term',
      '--need-app',
      '--disable-logging',
      `--virtualenv=${dirname(bin)}`,
      `--module=${module}:application`,
    ],
    directory: APPLICATIONS,
    environment,
  }
}
