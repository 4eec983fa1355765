import { describe, expect, test } from 'vitest'

import { resolveEditor } from '../../src/server/config/resolve-editor.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'

const CODE = 'vscode://file{path}:{line}:{column}'

describe('the editor', () => {
  test.each([
    [{}, 'VS Code'],
    [{ EDITOR: 'vim' }, 'VS Code'],
    [{ EDITOR: '/usr/bin/cursor --wait' }, 'Cursor'],
    [{ EDITOR: 'nano', VISUAL: 'charm' }, 'PyCharm'],
    [{ EDITOR: 'zed --wait', VISUAL: 'subl -w' }, 'Sublime Text'],
    [{ EDITOR: 'vi', TERMINAL_EMULATOR: 'JetBrains-JediTerm' }, 'PyCharm'],
    [{ EDITOR: 'code', TERM_PROGRAM: 'zed' }, 'VS Code'],
    [{ TERM_PROGRAM: 'zed' }, 'Zed'],
    [{ TERM_PROGRAM: 'vscode', CURSOR_TRACE_ID: 'x' }, 'Cursor'],
    [{ EDITOR: 'toString' }, 'VS Code'],
    [{ EDITOR: '' }, 'VS Code'],
  ])('of %j is %s', (environment, title) => {
    expect(resolveEditor(undefined, environment)?.title).toBe(title)
  })

  test('that is given counts', () => {
    expect(resolveEditor('none', { EDITOR: 'code' })).toBeUndefined()
    expect(resolveEditor('vscode', { EDITOR: 'zed' })?.url).toBe(CODE)
    const own = 'http://localhost:63342/api/file{path}:{line}'
    expect(resolveEditor(own, {})).toEqual({ title: 'the editor', url: own })
  })

  test.each([
    'vim',
    'toString',
    'javascript:alert({path})',
    'DATA:{path}',
    'ed://open',
    'ed://{path}:{number}',
    'ed://{path} --wait',
    'ed://"{path}',
    '{path}',
  ])('%s is refused', (editor) => {
    expect(() => resolveLibraryPlan({ app: 'shop:app', dev: true, editor })).toThrow(
      /^editor: expected "none", one of vscode, .* or an address with \{path\}/,
    )
  })

  test('is told to workers with --dev alone', () => {
    const editorOf = (dev: boolean) =>
      resolveLibraryPlan({ app: 'shop:app', dev, editor: 'zed' }).plan.groups[0]?.group.editor
    expect(editorOf(true)?.title).toBe('Zed')
    expect(editorOf(false)).toBeUndefined()
  })
})
