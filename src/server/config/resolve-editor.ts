import { basename } from 'node:path'
import type { EditorLink } from '../../core/process-group.ts'
import { parseEditor } from '../option-types/editors.ts'

/** Commands of editors with their names in the option. */
const COMMANDS: Readonly<Record<string, string>> = {
  code: 'vscode',
  'code-insiders': 'vscode-insiders',
  codium: 'vscodium',
  vscodium: 'vscodium',
  cursor: 'cursor',
  windsurf: 'windsurf',
  zed: 'zed',
  zeditor: 'zed',
  charm: 'pycharm',
  pycharm: 'pycharm',
  idea: 'idea',
  subl: 'sublime',
  sublime_text: 'sublime',
  mate: 'textmate',
  mvim: 'macvim',
}
// Most have it, and who has not loses nothing by a link.
const USUAL = 'vscode'

/**
 * The editor that links of the page of an error open; undefined: none. Where the option says nothing it is that of VISUAL
 * or EDITOR, if that can be opened from a browser, or the one in whose terminal the server was started.
 */
export function resolveEditor(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): EditorLink | undefined {
  const { VISUAL, EDITOR } = environment
  return parseEditor(given ?? recognize(VISUAL) ?? recognize(EDITOR) ?? findTerminal(environment))
}

/** Of a command like `/usr/bin/code --wait`. */
function recognize(command: string | undefined): string | undefined {
  const [program = ''] = command?.trim().split(/\s+/) ?? []
  const name = basename(program).replace(/\.(?:exe|cmd|sh|app)$/i, '')
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}

function findTerminal({
  TERM_PROGRAM,
  TERMINAL_EMULATOR,
  CURSOR_TRACE_ID,
}: Readonly<Record<string, string | undefined>>): string {
  if (TERMINAL_EMULATOR?.startsWith('JetBrains') === true) return 'pycharm'
  if (TERM_PROGRAM === 'zed') return 'zed'
  return CURSOR_TRACE_ID === undefined ? USUAL : 'cursor'
}
