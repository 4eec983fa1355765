import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { APPLICATIONS, PROGRAMS, ROOT } from '../environment/paths.ts'
import { Unavailable, type BenchServer } from './server.ts'

const MAIN = join(ROOT, 'dist/cli/main.js')

/** Daemon mode, one worker process. */
export const taipan: BenchServer = {
  name: 'taipan',
  title: 'Taipan, daemon',
  launch: ({ port, module, threads, bin, environment }) => ({
    command: process.execPath,
    args: [
      requireBuild(MAIN),
      'serve',
      `${module}:application`,
      `--app-dir=${APPLICATIONS}`,
      `--python=${join(bin, 'python')}`,
      `--bind=127.0.0.1:${port}`,
      '--processes=1',
      `--threads=${threads}`,
      '--no-access-log',
      '--log-level=warn',
    ],
    environment,
  }),
}

/** A JavaScript handler behind the same front and pipeline. */
export const taipanFront: BenchServer = {
  name: 'taipan-front',
  title: 'Taipan, front alone',
  answersHelloOnly: true,
  launch: ({ port }) => ({
    command: process.execPath,
    args: [requireBuild(join(PROGRAMS, 'front-alone.mjs')), String(port)],
  }),
}

function requireBuild(path: string): string {
  if (!existsSync(MAIN)) throw new Unavailable('dist/ is missing: run "npm run build"')
  return path
}
