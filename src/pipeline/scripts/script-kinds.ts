/** How the files of a folder are run: names of kinds by extension, in lower case with the dot. */
export type ScriptKinds = ReadonlyMap<string, string>

/** All kinds. */
export const SCRIPT_KINDS = ['script', 'psp', 'wsgi', 'cgi', 'cheetah', 'servlet', 'asp'] as const

/** Whether a kind is a function: the target of a handler. */
export function isHandlerTarget(kind: string): boolean {
  return kind.includes(':')
}

/** The kinds of a folder for which nothing else is configured. */
const USUAL_KINDS: Readonly<Record<string, string>> = {
  '.py': 'script',
  '.psp': 'psp',
  '.wsgi': 'wsgi',
  '.cgi': 'cgi',
}

/** The kinds of a folder: the usual ones, changed by what is configured; false takes one away. */
export function resolveKinds(
  given: Readonly<Record<string, string | false>> = {},
): Readonly<Record<string, string>> {
  const all = Object.entries({ ...USUAL_KINDS, ...given })
  return Object.fromEntries(
    all.flatMap(([ending, kind]) => (kind === false ? [] : [[ending, kind]])),
  )
}

// What scripts are made of, import or include, besides the extensions of the kinds.
const SOURCES = [
  'py',
  'pyc',
  'pyd',
  'pyi',
  'pyo',
  'pyw',
  'pyx',
  'pxd',
  'psp',
  'ptl',
  'tmpl',
  'cgi',
  'wsgi',
  'asgi',
  'asa',
  'asp',
  'inc',
  'php',
  'php3',
  'php4',
  'php5',
  'php7',
  'php8',
  'phtml',
  'phar',
]

// May hold the passwords of databases, and lies in the folder itself where that is served as it is.
const CONFIGURATION = /(?:^|\/)taipan\.config\.[^/]*$/i

/** Tells scripts and other source files from files that may be sent. */
export class SourceNames {
  readonly #kinds: ScriptKinds
  readonly #sources: ReadonlySet<string>

  constructor(kinds: ScriptKinds) {
    this.#kinds = kinds
    this.#sources = new Set([...SOURCES, ...[...kinds.keys()].map((ending) => ending.slice(1))])
  }

  /** Endings of scripts, in the order of preference. */
  get endings(): Iterable<string> {
    return this.#kinds.keys()
  }

  /** How a file is run; undefined if it is no script. Only the exact spelling is one. */
  kindOf(name: string): string | undefined {
    const dot = name.lastIndexOf('.')
    return dot <= 0 ? undefined : this.#kinds.get(name.slice(dot))
  }

  /**
   * Whether a file may hold source text or the configuration: any spelling that some file system takes for the name of one, and what
   * editors leave beside it (`x.py~`, `x.PY`, `x.py.bak`, `#x.py#`, `x.py::$DATA`).
   */
  isSource(name: string): boolean {
    if (CONFIGURATION.test(name)) return true
    return name
      .toLowerCase()
      .split('.')
      .slice(1)
      .some((part) => this.#sources.has(/^[a-z0-9]*/.exec(part)?.[0] ?? ''))
  }
}
