import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, startTaipan } from '../../support/cli.ts'
import { formatEngine } from './engines.ts'
import { startReference } from './reference.ts'
import type { Site, SiteOptions } from './site-options.ts'

export type { Site } from './site-options.ts'

/** Folder of the sample sites. */
export const SITES = join(ROOT, 'test/fixtures/sites')

/** The Python with the frameworks. */
export const PYTHON = process.env['TAIPAN_TEST_PYTHON'] ?? join(ROOT, '.venv-test/bin/python')

/** Serves a site with the built command; resolves when it listens. */
export async function startSite({ args, use, ...options }: SiteOptions): Promise<Site> {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: run npm test once`)
  if (process.env['TAIPAN_TEST_REFERENCE'] === '1')
    return await startReference(PYTHON, { args, ...options })
  const engine = use === undefined ? [] : formatEngine(use)
  const command = await startTaipan(
    [...args, ...engine, '--bind', '127.0.0.1:0', '--python', PYTHON],
    options,
  )
  return {
    url: command.url,
    waitForOutput: async (pattern) => void (await command.waitForOutput(pattern)),
    stop: async () => {
      const { exitCode, output } = await command.stop()
      if (exitCode !== 0) throw new Error(`exit code ${exitCode ?? 'by a signal'}:\n${output}`)
      return output
    },
  }
}
