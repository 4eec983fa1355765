import { execFileSync, spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { ROOT } from './paths.ts'

/** The machine and tools of a measurement. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  readonly kernel: string
  readonly node: string
  readonly wrk: string
  /** Undefined where it is missing; it asks by HTTP/2. */
  readonly h2load: string | undefined
  /** Commit of this repository, followed by `+` if files differ from it. */
  readonly commit: string
}

/** Identifies this machine and its tools. Throws if the load generator is missing. */
export function readMachine(): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    wrk: readWrkVersion(),
    h2load: readH2loadVersion(),
    commit: readCommit(),
  }
}

function readWrkVersion(): string {
  const { stdout, error } = spawnSync('wrk', ['--version'], { encoding: 'utf8' })
  if (error !== undefined)
    throw new Error('the load generator wrk is missing: install the package wrk', { cause: error })
  return /^wrk (\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

function readH2loadVersion(): string | undefined {
  const { stdout, error } = spawnSync('h2load', ['--version'], { encoding: 'utf8' })
  return error === undefined ? /nghttp2\/(\S+)/.exec(stdout)?.[1] : undefined
}

function readCommit(): string {
  try {
    const commit = runGit('rev-parse', '--short', 'HEAD')
    return runGit('status', '--porcelain', '--', 'src', 'python') === '' ? commit : `${commit}+`
  } catch {
    return 'unknown'
  }
}

function runGit(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim()
}
