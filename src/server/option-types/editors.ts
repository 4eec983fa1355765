import type { EditorLink } from '../../core/process-group.ts'

/** Editors whose programs have registered a scheme for addresses, by the names of the option. */
const EDITORS = {
  vscode: { title: 'VS Code', url: 'vscode://file{path}:{line}:{column}' },
  'vscode-insiders': {
    title: 'VS Code Insiders',
    url: 'vscode-insiders://file{path}:{line}:{column}',
  },
  vscodium: { title: 'VSCodium', url: 'vscodium://file{path}:{line}:{column}' },
  cursor: { title: 'Cursor', url: 'cursor://file{path}:{line}:{column}' },
  windsurf: { title: 'Windsurf', url: 'windsurf://file{path}:{line}:{column}' },
  zed: { title: 'Zed', url: 'zed://file{path}:{line}:{column}' },
  pycharm: { title: 'PyCharm', url: 'pycharm://open?file={path}&line={line}&column={column}' },
  idea: { title: 'IntelliJ IDEA', url: 'idea://open?file={path}&line={line}&column={column}' },
  sublime: { title: 'Sublime Text', url: 'subl://open?url=file://{path}&line={line}' },
  textmate: { title: 'TextMate', url: 'txmt://open?url=file://{path}&line={line}' },
  macvim: { title: 'MacVim', url: 'mvim://open?url=file://{path}&line={line}' },
  emacs: { title: 'Emacs', url: 'emacs://open?url=file://{path}&line={line}' },
} as const satisfies Readonly<Record<string, EditorLink>>

type EditorName = keyof typeof EDITORS

const NONE = 'none'
const SCHEME = /^(?!(?:javascript|data|vbscript|blob):)[a-z][a-z0-9+.-]*:/i
const PLACEHOLDERS = new Set(['{path}', '{relative}', '{line}', '{column}'])
const EXPECTED = `"none", one of ${Object.keys(EDITORS).join(', ')}, or an address with {path} or {relative}, {line} and {column}, like "vscode://file{path}:{line}"`

/** Parses the name of an editor, the address of one, or `none`, which is undefined; throws with what is expected. */
export function parseEditor(value: string): EditorLink | undefined {
  if (value === NONE) return undefined
  if (isEditor(value)) return EDITORS[value]
  const used: readonly string[] = value.match(/\{[^}]*\}/g) ?? []
  const namesFile = used.includes('{path}') || used.includes('{relative}')
  const isAddress = SCHEME.test(value) && !/[\s"'<>]/.test(value)
  if (!isAddress || !namesFile || !used.every((one) => PLACEHOLDERS.has(one)))
    throw new Error(EXPECTED)
  return { title: 'the editor', url: value }
}

function isEditor(value: string): value is EditorName {
  return Object.hasOwn(EDITORS, value)
}
