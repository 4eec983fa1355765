import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { APPLICATIONS, PROGRAMS, ROOT } from '../environment/paths.ts'
import { Unavailable, type BenchServer, type LaunchContext } from './server.ts'

const MAIN = join(ROOT, 'dist/cli/main.js')

const interfaces = ['wsgi', 'asgi'] as const

/** Daemon mode, one worker process. */
export const taipan: BenchServer = {
  name: 'taipan',
  title: 'Taipan, daemon',
  interfaces,
  launch: (context) => createCommand(context, [`--threads=${context.threads}`]),
}

/** Python inside Node, on Node's thread and event loop. A second process supervises it. */
export const taipanEmbedded: BenchServer = {
  name: 'taipan-embedded',
  title: 'Taipan, embedded',
  interfaces,
  launch: (context) => createCommand(context, ['--engine=embedded']),
}

/** Python inside Node, on its own threads. */
export const taipanEmbeddedThreads: BenchServer = {
  name: 'taipan-embedded-threads',
  title: 'Taipan, embedded, threads',
  launch: (context) =>
    createCommand(context, ['--engine=embedded', `--threads=${context.threads}`]),
}

/** Python in the process that uses the library. */
export const taipanLibrary: BenchServer = {
  name: 'taipan-library',
  title: 'Taipan, embedded by the library',
  interfaces,
  launch: ({ port, module, bin, environment }) => ({
    command: process.execPath,
    args: [
      requireBuild(join(PROGRAMS, 'taipan-library.mjs')),
      `${module}:application`,
      APPLICATIONS,
      join(bin, 'python'),
      String(port),
    ],
    environment,
  }),
}

/** A JavaScript handler after the same front and pipeline. */
export const taipanFront: BenchServer = {
  name: 'taipan-front',
  title: 'Taipan, front alone',
  answersHelloOnly: true,
  launch: ({ port }) => ({
    command: process.execPath,
    args: [requireBuild(join(PROGRAMS, 'front-alone.mjs')), String(port)],
  }),
}

function createCommand(context: LaunchContext, words: readonly string[]) {
  const { port, module, bin, environment } = context
  return {
    command: process.execPath,
    args: [
      requireBuild(MAIN),
      'serve',
      `${module}:application`,
      `--app-dir=${APPLICATIONS}`,
      `--python=${join(bin, 'python')}`,
      `--bind=127.0.0.1:${port}`,
      '--processes=1',
      ...words,
      '--no-access-log',
      '--log-level=warn',
    ],
    environment,
  }
}

function requireBuild(path: string): string {
  if (!existsSync(MAIN)) throw new Unavailable('dist/ is missing: run "npm run build"')
  return path
}
