import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Where the sample sites are. */
export const SITES = join(ROOT, 'test/fixtures/sites')

/** The Python that has the frameworks installed. */
export const PYTHON = process.env['TAIPAN_TEST_PYTHON'] ?? join(ROOT, '.venv-test/bin/python')

/** How to start a site: the words behind `taipan serve`. */
export interface SiteOptions {
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A site that the command serves, until it is stopped. */
export interface Site {
  readonly url: string
  /** Everything the command has printed so far. */
  output(): string
  /** Resolves once the output has matched. */
  waitForOutput(pattern: RegExp): Promise<void>
  /** Ends the site gracefully; any other end than exit code 0 rejects. */
  stop(): Promise<void>
}

/** Serves a site by the command of this package and resolves when it listens. */
export async function startSite(options: SiteOptions): Promise<Site> {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: run npm test once`)
  const command = process.env['TAIPAN_TEST_COMMAND']?.split(' ') ?? [
    process.execPath,
    join(ROOT, 'dist/cli/main.js'),
    'serve',
  ]
  const [program = '', ...words] = command
  const args = [...words, ...options.args, '--bind', '127.0.0.1:0', '--python', PYTHON]
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const site = watch(child)
  await site.waitForOutput(/listening on http:\/\/\S+\s/)
  const url = /listening on (http:\/\/\S+)/.exec(site.output())?.[1] ?? ''
  return { ...site, url }
}

function watch(child: ChildProcess): Omit<Site, 'url'> {
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  }
  const output = (): string => printed
  return {
    output,
    waitForOutput: async (pattern) => {
      const deadline = Date.now() + 30_000
      while (!pattern.test(printed)) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
          child.kill('SIGKILL')
          throw new Error(`no ${String(pattern)} in the output:\n${printed}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      if (child.exitCode !== 0) {
        throw new Error(`exit code ${child.exitCode}, signal ${child.signalCode}:\n${printed}`)
      }
    },
  }
}
