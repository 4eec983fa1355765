import { describe, expect, test } from 'vitest'

import { TaipanError } from '../../src/core/errors.ts'
import { resolveLegacyServer } from '../../src/server/config/legacy-server.ts'
import { validateConfig } from '../../src/server/config/validate.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import { createProject } from '../support/project.ts'
import { messageOf } from '../support/message-of.ts'

/** The message for a route; `valid` for none. */
function validate(modPython: object): string {
  try {
    validateConfig({ value: { routes: [{ path: '/mp', modPython }] }, sources: new Map() })
    return 'valid'
  } catch (error) {
    if (error instanceof TaipanError) return error.message
    throw error
  }
}

describe('the options of modPython', () => {
  test.each([
    'module',
    'pkg.module',
    'module::object.attr',
    'a b::c | .py .html',
    'mod_python.publisher | .py',
    '~/lib/mod::Klasse.m',
    './größe::über',
  ])('%j is a handler', (handler) => {
    expect(validate({ directory: 'x', handler, phases: { access: handler } })).toBe('valid')
  })

  test.each([
    ['a:b', 'modPython.handler: expected handlers like "module", "module::object.attribute"'],
    ['a::', 'modPython.handler: expected handlers like'],
    ['a |', 'modPython.handler: expected handlers like'],
    ['| .py', 'modPython.handler: expected handlers like'],
    ['a | py', 'modPython.handler: expected handlers like'],
    ['1a', 'modPython.handler: expected handlers like'],
  ])('%j is none', (handler, message) => {
    expect(validate({ handler })).toContain(message)
    expect(validate({ phases: { log: handler } })).toContain(
      message.replace('handler:', 'phases.log:'),
    )
  })

  test.each([
    [{ filters: { output: ['a', 'b | .py'] } }, /filters\.output\[1\]: expected filters like/],
    [{ filters: { input: 'a:b' } }, /filters\.input.*: expected filters like/],
    [
      { auth: { require: ['all granted'] } },
      /auth\.require\[0\]: expected "valid-user", "user NAME/,
    ],
    [{ phases: { acces: 'x' } }, /phases\.acces: unknown key .* Did you mean access\?/],
    [{ phases: { connection: 'x' } }, /phases\.connection: handlers of connections are not called/],
    [{ phases: { trans: 'x' } }, /phases\.trans: there is no phase in which the path/],
  ])('%j', (options, message) => {
    expect(validate({ directory: 'x', ...options })).toMatch(message)
  })

  test('folders have to be there', () => {
    using project = createProject({ 'site/x.py': '' })
    const plan = (modPython: object) => (): unknown =>
      resolveConfigPlan(
        { routes: [{ path: '/', modPython }] },
        { cwd: project.folder, environment: {} },
      )
    expect(messageOf(plan({ handler: 'x' }))).toContain(
      'modPython.directory: is missing; name the folder with the handlers',
    )
    expect(messageOf(plan({ directory: 'none', path: ['nowhere'] }))).toMatch(
      /modPython\.path\[0\]: folder .*nowhere does not exist[^]*directory: folder .*none does not exist/,
    )
  })
})

describe('the server of a route', () => {
  const full = (route: object): unknown => {
    const value = { routes: [{ path: '/', ...route }] }
    const [first] = validateConfig({ value, sources: new Map() }).routes
    return first && resolveLegacyServer(first)
  }

  test('has defaults', () => {
    expect(full({ modPython: { directory: 'x' } })).toEqual({
      directory: 'x',
      server: {
        kind: 'mod_python',
        handler: undefined,
        phases: {},
        options: {},
        debug: false,
        autoReload: true,
        path: [],
        filters: { input: [], output: [] },
        auth: undefined,
      },
    })
    expect(full({ scripts: 'x' })).toBeUndefined()
  })

  test('has what is configured', () => {
    const modPython = {
      directory: 'x',
      handler: 'h',
      phases: { log: 'l' },
      filters: { output: 'o' },
      auth: { realm: 'staff' },
    }
    expect(full({ modPython })).toMatchObject({
      server: {
        handler: 'h',
        phases: { log: 'l' },
        filters: { input: [], output: ['o'] },
        auth: { realm: 'staff', require: ['valid-user'] },
      },
    })
  })
})
