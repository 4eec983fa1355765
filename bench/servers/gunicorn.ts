import { join } from 'node:path'
import { APPLICATIONS } from '../environment/paths.ts'
import type { BenchServer, LaunchContext } from './server.ts'

/** One process, one request at a time, no keep-alive. */
export const gunicornSync: BenchServer = {
  name: 'gunicorn-sync',
  title: 'gunicorn, sync',
  distribution: 'gunicorn',
  launch: (context) => createProgram(context, ['--worker-class=sync']),
}

/** Threads with a poller. */
export const gunicornThreads: BenchServer = {
  name: 'gunicorn-gthread',
  title: 'gunicorn, gthread',
  distribution: 'gunicorn',
  launch: (context) =>
    createProgram(context, [
      '--worker-class=gthread',
      `--threads=${context.threads}`,
      '--keep-alive=75',
      '--worker-connections=10000',
    ]),
}

/** Its own worker class for event loops. */
export const gunicornAsgi: BenchServer = {
  name: 'gunicorn-asgi',
  title: 'gunicorn, asgi',
  distribution: 'gunicorn',
  interfaces: ['asgi'],
  launch: (context) =>
    createProgram(context, [
      '--worker-class=asgi',
      '--keep-alive=75',
      '--worker-connections=10000',
    ]),
}

function createProgram({ bin, port, module, environment }: LaunchContext, args: readonly string[]) {
  return {
    command: join(bin, 'gunicorn'),
    args: [
      `--bind=127.0.0.1:${port}`,
      '--workers=1',
      '--log-level=warning',
      ...args,
      `${module}:application`,
    ],
    directory: APPLICATIONS,
    environment,
  }
}
