import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prepareCertificate } from '../environment/certificate.ts'
import { APPLICATIONS, PROGRAMS, ROOT } from '../environment/paths.ts'
import type { Program } from '../measure/children.ts'
import { Unavailable, type BenchServer, type LaunchContext, type Transport } from './server.ts'

const MAIN = join(ROOT, 'dist/cli/main.js')

const interfaces = ['wsgi', 'asgi'] as const
const transports: readonly Transport[] = ['http', 'https', 'http2']

/** Daemon mode, one worker process. */
export const taipan: BenchServer = {
  name: 'taipan',
  title: 'Taipan, daemon',
  interfaces,
  transports,
  launch: createDaemon,
}

/** Daemon mode without TLS, by HTTP/1.1, beside those that have it. */
export const taipanPlain: BenchServer = {
  name: 'taipan-plain',
  title: 'Taipan, daemon, HTTP/1.1 without TLS',
  interfaces,
  transports: ['https', 'http2'],
  launch: (context) => ({ ...createDaemon({ ...context, transport: 'http' }), transport: 'http' }),
}

/** Python inside Node, on Node's thread and event loop. A second process supervises it. */
export const taipanEmbedded: BenchServer = {
  name: 'taipan-embedded',
  title: 'Taipan, embedded',
  interfaces,
  transports,
  launch: (context) => createCommand(context, [...createTarget(context), '--engine=embedded']),
}

/** Python inside Node, on its own threads. */
export const taipanEmbeddedThreads: BenchServer = {
  name: 'taipan-embedded-threads',
  title: 'Taipan, embedded, threads',
  launch: (context) =>
    createCommand(context, [
      ...createTarget(context),
      '--engine=embedded',
      `--threads=${context.threads}`,
    ]),
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

/** Arguments for the application of a workload, in one process. */
export function createTarget({ module }: LaunchContext): readonly string[] {
  return [`${module}:application`, `--app-dir=${APPLICATIONS}`, '--processes=1']
}

/** Starts `taipan serve`. Throws `Unavailable`. */
export function createCommand(context: LaunchContext, words: readonly string[]): Program {
  const { bin, environment } = context
  return {
    command: process.execPath,
    args: [
      requireBuild(MAIN),
      'serve',
      `--python=${join(bin, 'python')}`,
      ...formatAddress(context),
      ...words,
      '--no-access-log',
      '--log-level=warn',
    ],
    environment,
  }
}

function createDaemon(context: LaunchContext): Program {
  return createCommand(context, [...createTarget(context), `--threads=${context.threads}`])
}

function formatAddress({ port, transport, scratch }: LaunchContext): readonly string[] {
  if (transport === 'http') return [`--bind=127.0.0.1:${port}`]
  const { certificate, key } = prepareCertificate(scratch)
  return [`--bind=https://127.0.0.1:${port}`, `--tls-cert=${certificate}`, `--tls-key=${key}`]
}

function requireBuild(path: string): string {
  if (!existsSync(MAIN)) throw new Unavailable('dist/ is missing: run "npm run build"')
  return path
}
