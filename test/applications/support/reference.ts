import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'

import { ROOT } from '../../support/cli.ts'
import { pollUntil } from '../../support/raw-client.ts'
import type { Site, SiteOptions } from './site-options.ts'

/** Serves a site with uvicorn instead of Taipan, to see whether a failure is a mistake of the test or sample. Select it by TAIPAN_TEST_REFERENCE=1. */
export async function startReference(
  python: string,
  { args, cwd, env }: Omit<SiteOptions, 'engine'>,
): Promise<Site> {
  const { words, names } = translateArguments(args)
  const child = spawn(
    join(dirname(python), 'uvicorn'),
    ['--port=0', '--no-access-log', '--ws=websockets-sansio', ...words],
    { cwd, env: { ...process.env, ...names, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const waitForOutput = async (pattern: RegExp): Promise<void> => {
    await pollUntil(() => pattern.test(output) || undefined, `${pattern} in ${output}`)
  }
  const exit = once(child, 'exit')
  await waitForOutput(/running on http:\S+/)
  return {
    url: /running on (http:\S+)/.exec(output)?.[1] ?? '',
    waitForOutput,
    stop: async () => {
      child.kill('SIGTERM')
      await exit
      return output
    },
  }
}

interface Translated {
  readonly words: readonly string[]
  /** For the environment. */
  readonly names: Readonly<Record<string, string>>
}

function translateArguments(args: readonly string[]): Translated {
  const [, path = '', attribute = 'app'] = /^(.*?)\.py(?::(.*))?$/.exec(args[0] ?? '') ?? []
  const application = `${basename(path)}:${attribute}`
  const mount = args.indexOf('--mount')
  if (mount < 0) return { words: [`--app-dir=${dirname(path)}`, application], names: {} }
  return {
    words: [`--app-dir=${join(ROOT, 'test/fixtures/programs')}`, 'mounted:app'],
    names: {
      PYTHONPATH: dirname(path),
      MOUNTED_APPLICATION: application,
      MOUNT: args[mount + 1] ?? '',
    },
  }
}
