import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, startTaipan } from '../../support/cli.ts'

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
  /** Resolves once the output has matched. */
  waitForOutput(pattern: RegExp): Promise<void>
  /** Ends the site gracefully; any other end than exit code 0 rejects. */
  stop(): Promise<void>
}

/** Serves a site by the command of this package and resolves when it listens. */
export async function startSite({ args, ...options }: SiteOptions): Promise<Site> {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: run npm test once`)
  const command = await startTaipan([...args, '--bind', '127.0.0.1:0', '--python', PYTHON], options)
  return {
    url: command.url,
    waitForOutput: async (pattern) => await command.waitForOutput(pattern),
    stop: async () => {
      const { exitCode, output } = await command.stop()
      if (exitCode !== 0) throw new Error(`exit code ${exitCode ?? 'by a signal'}:\n${output}`)
    },
  }
}
