import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareCertificate } from '../environment/certificate.ts'
import { APPLICATIONS } from '../environment/paths.ts'
import type { BenchServer, LaunchContext } from './server.ts'

const interfaces = ['asgi'] as const

/** With compiled event loop and parser, the fast configuration. */
export const uvicorn: BenchServer = {
  name: 'uvicorn',
  title: 'uvicorn, uvloop and httptools',
  distribution: 'uvicorn',
  interfaces,
  launch: (context) => createUvicorn(context, ['--loop=uvloop', '--http=httptools']),
}

/** With event loop and parser in Python. */
export const uvicornPlain: BenchServer = {
  name: 'uvicorn-plain',
  title: 'uvicorn, asyncio and h11',
  distribution: 'uvicorn',
  interfaces,
  launch: (context) => createUvicorn(context, ['--loop=asyncio', '--http=h11']),
}

/** HTTP/1, 2 and 3 in Python. */
export const hypercorn: BenchServer = {
  name: 'hypercorn',
  title: 'hypercorn, uvloop',
  distribution: 'Hypercorn',
  interfaces,
  transports: ['http', 'https', 'http2'],
  launch: (context) =>
    createModule(context, 'hypercorn', [
      `--bind=127.0.0.1:${context.port}`,
      '--workers=1',
      '--worker-class=uvloop',
      '--backlog=10000',
      '--log-level=warning',
      ...(context.transport === 'http' ? [] : formatTls(context.scratch)),
      `${context.module}:application`,
    ]),
}

/** Twisted. */
export const daphne: BenchServer = {
  name: 'daphne',
  title: 'daphne',
  distribution: 'daphne',
  interfaces,
  launch: (context) =>
    createModule(context, 'daphne', [
      '--bind=127.0.0.1',
      `--port=${context.port}`,
      '--verbosity=0',
      `${context.module}:application`,
    ]),
}

/** A connection of HTTP/2 would end after 1,000 requests, and the load generator opens no other. */
function formatTls(scratch: string): readonly string[] {
  const { certificate, key } = prepareCertificate(scratch)
  const file = join(scratch, 'hypercorn.toml')
  writeFileSync(file, 'keep_alive_max_requests = 1000000000\n')
  return [`--config=${file}`, `--certfile=${certificate}`, `--keyfile=${key}`]
}

function createUvicorn(context: LaunchContext, args: readonly string[]) {
  return createModule(context, 'uvicorn', [
    '--host=127.0.0.1',
    `--port=${context.port}`,
    '--no-access-log',
    '--log-level=warning',
    '--backlog=10000',
    ...args,
    `${context.module}:application`,
  ])
}

function createModule({ bin, environment }: LaunchContext, name: string, args: readonly string[]) {
  return {
    command: join(bin, 'python'),
    args: ['-m', name, ...args],
    directory: APPLICATIONS,
    environment,
  }
}
