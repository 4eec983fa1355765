import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SITE } from '../environment/paths.ts'
import type { BenchServer, LaunchContext } from './server.ts'
import { createCommand, createTarget } from './taipan.ts'

type Isolation = 'shared' | 'process' | 'interpreter' | 'fresh'

const interfaces = ['script', 'page'] as const

/** In one worker process with threads. */
export const taipanScripts = createThreaded('shared')

/** In Node's process, on its thread. */
export const taipanScriptsEmbedded: BenchServer = {
  name: 'taipan-scripts-embedded',
  title: 'Taipan, shared, embedded',
  interfaces,
  launch: (context) => createSite(context, 'shared', ['--engine=embedded']),
}

/** In as many warm processes as others have threads, each with one request at a time. */
export const taipanScriptsProcess = createThreaded('process')

/** In as many sub-interpreters, each with one request at a time. */
export const taipanScriptsInterpreter = createThreaded('interpreter')

/** In a process for each request. */
export const taipanScriptsFresh = createThreaded('fresh')

/** Code of mod_python, in one worker process with threads. */
export const taipanModPython: BenchServer = {
  name: 'taipan-mod-python',
  title: 'Taipan, modPython, shared',
  interfaces: ['publisher'],
  launch: (context) =>
    createCommand(context, [
      `--config=${writeRoute(context, 'mod-python', { modPython: { directory: SITE, handler: 'mod_python.publisher' } })}`,
      '--processes=1',
      ...threads(context),
    ]),
}

/** The same answers from WSGI applications. */
export const taipanWsgi: BenchServer = {
  name: 'taipan-wsgi',
  title: 'Taipan, WSGI application',
  interfaces,
  launch: (context) => createCommand(context, [...createTarget(context), ...threads(context)]),
}

function createThreaded(isolation: Isolation): BenchServer {
  return {
    name: isolation === 'shared' ? 'taipan-scripts' : `taipan-scripts-${isolation}`,
    title: `Taipan, ${isolation}`,
    interfaces,
    launch: (context) => createSite(context, isolation, threads(context)),
  }
}

/** Requests at the same time, in every isolation. */
function threads({ threads: count }: LaunchContext): readonly string[] {
  return [`--threads=${count}`]
}

function createSite(context: LaunchContext, isolation: Isolation, words: readonly string[]) {
  const chosen = isolation === 'shared' ? {} : { isolation }
  const path = writeRoute(context, isolation, { scripts: SITE, ...chosen })
  const extension = context.interface === 'page' ? 'psp' : 'py'
  return {
    path: `/${context.module}.${extension}`,
    ...createCommand(context, [`--config=${path}`, '--processes=1', ...words]),
  }
}

/** Writes a configuration with one route; its path. */
function writeRoute({ scratch }: LaunchContext, name: string, route: object): string {
  const path = join(scratch, `scripts-${name}.json`)
  writeFileSync(path, JSON.stringify({ routes: [{ path: '/', ...route }] }))
  return path
}
