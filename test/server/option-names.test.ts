import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { safeParse } from 'valibot'
import { afterAll, describe, expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/arguments.ts'
import { TaipanError } from '../../src/core/errors.ts'
import type { ServerPlan } from '../../src/server/config/resolved.ts'
import { loadCommandPlan } from '../../src/server/load-plan.ts'
import { parseTexts } from '../../src/server/config/text-values.ts'
import { listFlags, listOptions, type PlacedOption } from '../../src/server/options/schema.ts'

// An error names what the person has written: the flag, the variable, or the key with its file.

const folder = mkdtempSync(join(tmpdir(), 'taipan-names-'))
writeFileSync(join(folder, 'app.py'), '')

afterAll(() => rmSync(folder, { recursive: true }))

interface Given {
  readonly words?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Content of the configuration file. */
  readonly config?: object
}

async function load({ words = [], environment = {}, config }: Given): Promise<ServerPlan> {
  if (config !== undefined) writeFileSync(join(folder, 'some.json'), JSON.stringify(config))
  const more = config === undefined ? ['app.py'] : ['--config', 'some.json']
  const line = parseCommandLine(['serve', ...more, ...words], { directory: folder, environment })
  return await loadCommandPlan({ ...line, environment })
}

async function problemOf(given: Given): Promise<string> {
  try {
    await load(given)
  } catch (error) {
    if (error instanceof TaipanError) return `${error.code} ${error.message}`
    throw error
  }
  return 'no problem'
}

/** A value that no option takes, and a text that is refused unless any is taken. */
const WRONG = { wrong: 1 }
const WRONG_TEXT = '%Q'

function refusesText(option: PlacedOption): boolean {
  const { form = 'text', schema } = option
  return form === 'pairs' || !safeParse(schema, parseTexts([WRONG_TEXT], option)).success
}

function nest(key: string, value: object): object {
  return key.split('.').reduceRight((inner, part) => ({ [part]: inner }), value)
}

describe('a wrong value is named by what gave it', () => {
  const flags = listFlags().filter(({ key, flag }) => key !== '' && flag.value !== undefined)
  test.each(flags.filter(refusesText).map(({ flag }) => flag.name))(
    'the flag --%s',
    async (name) => {
      const problem = await problemOf({ words: [`--${name}`, WRONG_TEXT] })
      expect(problem.startsWith(`USAGE --${name}: `)).toBe(true)
    },
  )

  test.each(flags.map(({ flag }) => flag.name))('the flag --%s without a value', async (name) => {
    const problem = await problemOf({ words: [`--${name}`, ''] })
    expect(problem.startsWith(`USAGE --${name} needs a value`)).toBe(true)
  })

  const variables = listOptions().filter(
    ({ key, environment }) => key !== '' && environment !== undefined,
  )
  test.each(variables.filter(refusesText).map(({ environment = '' }) => environment))(
    'the variable %s',
    async (name) => {
      const environment = { [name]: WRONG_TEXT }
      const problem = await problemOf({ environment, config: { app: 'app.py' } })
      expect(problem.startsWith(`CONFIG_INVALID ${name}: `)).toBe(true)
      expect(problem).not.toContain('some.json')
    },
  )

  const keys = listOptions().filter(
    ({ key, table }) => key !== '' && !key.includes('*') && table === undefined,
  )
  test.each(keys.map(({ key }) => key))('the key %s', async (key) => {
    const problem = await problemOf({ config: nest(key, WRONG) })
    expect(problem.startsWith(`CONFIG_INVALID ${key}`)).toBe(true)
    expect(problem).toMatch(/: expected [^]*\n {2}in some\.json$/)
  })
})

describe('what is found later is named by what gave it', () => {
  const NOWHERE = '/no/such/folder'
  test.each([
    ['--root-path', 'TAIPAN_ROOT_PATH', 'rootPath', 'api', 'must begin with a slash'],
    ['--mount', 'TAIPAN_MOUNT', 'mount', 'api', 'must begin with a slash'],
    ['--bind', 'TAIPAN_BIND', 'bind', 'nope', 'is not an address'],
    ['--app-dir', 'TAIPAN_APP_DIR', 'appDirectory', NOWHERE, 'does not exist'],
    ['--reload-dir', 'TAIPAN_RELOAD_DIR', 'reloadDir', NOWHERE, 'does not exist'],
    ['--home', 'TAIPAN_HOME', 'home', NOWHERE, 'does not exist'],
    ['--home', 'TAIPAN_HOME', 'home', import.meta.filename, 'is not a folder'],
    ['--static', 'TAIPAN_STATIC', 'static', `/x=${NOWHERE}`, 'does not exist'],
    ['--static', 'TAIPAN_STATIC', 'static', `x=${folder}`, 'must begin with a slash'],
    ['--scripts', 'TAIPAN_SCRIPTS', 'scripts', `/x=${NOWHERE}`, 'does not exist'],
    ['--scripts', 'TAIPAN_SCRIPTS', 'scripts', `x=${folder}`, 'must begin with a slash'],
    ['--threads', 'TAIPAN_THREADS', 'threads', '0', 'found 0; 0 runs WSGI'],
  ])('%s, %s, %s: %s', async (...row) => {
    const [flag, variable, key, text, reason] = row
    const byFlag = await problemOf({ words: [flag, text] })
    expect(byFlag.startsWith(`USAGE ${flag}: `)).toBe(true)
    expect(byFlag).toContain(reason)
    const config = { app: 'app.py' }
    const byVariable = await problemOf({ environment: { [variable]: text }, config })
    expect(byVariable.startsWith(`CONFIG_INVALID ${variable}: `)).toBe(true)
    expect(byVariable).toContain(reason)
    expect(byVariable).not.toContain('some.json')
    const [path = '', root] = text.split('=')
    const value = root === undefined ? path : { [path]: root }
    const given = { ...config, [key]: text === '0' ? 0 : value }
    const byKey = await problemOf({ config: given })
    expect(byKey).toMatch(new RegExp(`^CONFIG_INVALID ${key}\\b[^]*\n {2}in some\\.json$`))
    expect(byKey).toContain(reason)
  })

  test('both paths, if one is outside of the other', async () => {
    const words = ['--mount', '/shop']
    expect(await problemOf({ words: [...words, '--root-path', '/api'] })).toBe(
      'USAGE --mount: "/shop" is not below --root-path "/api", so no request reaches it; write /api/shop',
    )
    const config = { app: 'app.py', rootPath: '/api' }
    expect(await problemOf({ words, config })).toMatch(/^USAGE --mount: .* below rootPath "\/api"/)
  })

  test('a flag that overrides groups, once', async () => {
    const config = { app: 'app.py', groups: { a: { threads: 2 } } }
    expect(await problemOf({ words: ['-t', 'x'], config })).toBe(
      'USAGE --threads: expected a whole number from 0 to 512, or "main", found "x"',
    )
  })

  test('an interpreter, which is looked for when all else is right', async () => {
    const sourceOf = async (given: Given): Promise<unknown> =>
      (await load(given)).groups[0]?.pythonSource
    const config = { app: 'app.py', groups: { a: {} } }
    expect(await sourceOf({ words: ['--python', 'x'], config })).toBe('--python')
    expect(await sourceOf({ environment: { TAIPAN_PYTHON: 'x' }, config })).toBe('TAIPAN_PYTHON')
    expect(await sourceOf({ config: { ...config, python: 'x' } })).toBe('python in some.json')
    expect(await sourceOf({ config: { ...config, groups: { a: { python: 'x' } } } })).toBe(
      'groups.a.python in some.json',
    )
  })

  test('an option of another server, as it was written', async () => {
    expect(await problemOf({ words: ['-w', 'x'] })).toMatch(/^USAGE -w: expected a whole number/)
  })

  test('the file stands with the keys alone, if there is something else', async () => {
    const config = { app: 'app.py', static: { '/file': NOWHERE } }
    expect(await problemOf({ words: ['--static', `/flag=${NOWHERE}`], config })).toBe(
      `CONFIG_INVALID 2 problems:\n  static["/file"]: folder ${NOWHERE} does not exist (in some.json)\n  --static: folder ${NOWHERE} does not exist`,
    )
  })
})
