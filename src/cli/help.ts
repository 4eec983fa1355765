import type { CommandName, HelpSection } from '../server/options/option.ts'
import { listFlags, type FlaggedOption } from '../server/options/schema.ts'

const WIDTH = 96
const COLUMN = 30

const SECTIONS: readonly HelpSection[] = [
  'Application',
  'Listening',
  'Processes',
  'WebSocket',
  'Files',
  'Development',
  'Logs',
  'General',
]

const ENGINES = `Engines say where Python runs:
  -e daemon      in worker processes (the default): any Python, and a crash costs one worker
  -e embedded    inside Node: the least time per request; needs a Python with a shared library.
                 taipan check tells whether yours has one
Interfaces say how the application is called; auto tells them by the application itself:
  -i wsgi        Django, Flask ...: one request at a time on each of -t threads; embedded without -t
                 on the thread of Node
  -i asgi        FastAPI, Starlette, Channels ...: on an event loop, with WebSockets and lifespan
Loops of ASGI in worker processes are uvloop where Python has it, else asyncio; --loop chooses.
Embedded Python always shares the event loop of Node.
`

const INTRODUCTION = `Taipan hosts Python web applications: WSGI and ASGI from one command.

Usage:
  taipan serve [TARGET] [options]    serve an application
  taipan check [TARGET] [options]    tell which Python is used, and whether the application loads
  taipan --help | --version

Examples:
  taipan serve app.py                          the usual names are tried in the file
  taipan serve shop.wsgi:application -p 2      two processes with four threads each
  taipan serve main:app                        a FastAPI or any other ASGI application
  taipan serve main:app -e embedded -p auto    Python inside Node, a process for each processor
  taipan serve . --static /static=public       a Django project and its files
  taipan serve                                 what taipan.config.ts says

${ENGINES}
"taipan serve --help" explains every option.
`

const TARGETS = `TARGET names the application:
  pkg.mod:attr            an attribute of a module
  pkg.mod:factory()       what a factory returns; pkg.mod:Class(), pkg.mod:Class().method
  path/app.py[:attr]      a file, also path/site.wsgi
  path/to/folder          a folder with a Django project (manage.py) or a file of a usual name
Without :attr these are tried: application, app, handler, create_app(), make_app().
Usual names are app.py, wsgi.py, asgi.py, main.py and application.py.
Without TARGET taipan.config.{ts,mts,js,mjs,json} in the working directory is taken, or else the
working directory is the folder.
`

const EXAMPLES: Readonly<Record<CommandName, string>> = {
  serve: `Examples:
  taipan serve app.py --reload
  taipan serve shop.wsgi:application -b 0.0.0.0:80 -b unix:/run/shop.sock -p auto
  taipan serve site.wsgi --mount /shop --static /shop/static=public
  taipan serve main:app --loop uvloop -p 2
  taipan serve main:app -e embedded
`,
  check: `Examples:
  taipan check app.py
  taipan check shop.wsgi:application --python .venv/bin/python
  taipan check main:app -e embedded
`,
}

const USAGE: Readonly<Record<CommandName, string>> = {
  serve: 'Usage: taipan serve [TARGET] [options]\n',
  check: `Usage: taipan check [TARGET] [options]

Tells which Python is used and why, its version, prefix and sys.path, whether it can run inside
Node, which event loop ASGI gets, and whether the application loads and how it is called; where
there is no application, about Python alone. Exit code 0 when all is well, 3 when the application
does not load, 5 without a usable Python, or one that cannot do what -e or --loop asks for.
`,
}

const LAST = `Every option can also be given as a TAIPAN_* variable or in a configuration file; a flag beats a
variable, and a variable beats the file. Signals: SIGTERM or Ctrl-C stops gracefully, a second one
at once; SIGHUP loads the application anew.
`

/** The help of a command, or of the program. */
export function formatHelp(command: CommandName | undefined): string {
  if (command === undefined) return INTRODUCTION
  const options = listFlags().filter(({ flag }) => flag.commands.includes(command))
  const sections = SECTIONS.flatMap((section) => {
    const members = options.filter(({ flag }) => flag.section === section)
    return members.length === 0 ? [] : [`${section}:\n${members.map(formatOption).join('')}`]
  })
  return [
    USAGE[command],
    TARGETS,
    ENGINES,
    ...sections,
    EXAMPLES[command],
    ...(command === 'serve' ? [LAST] : []),
  ].join('\n')
}

function formatOption(option: FlaggedOption): string {
  const { flag } = option
  const names = `${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}`
  const left = `  ${names}${flag.value === undefined ? '' : ` ${flag.value}`}`
  const lines = wrapText(
    `${flag.help ?? option.description}${formatFallback(option)}`,
    WIDTH - COLUMN,
  )
  const first = left.length < COLUMN - 1 ? left.padEnd(COLUMN) : `${left}\n${' '.repeat(COLUMN)}`
  return `${first}${lines.join(`\n${' '.repeat(COLUMN)}`)}\n`
}

/** ` [4]` for a default that a person can write. */
function formatFallback({ fallback, flag }: FlaggedOption): string {
  if (flag.value === undefined) return ''
  return typeof fallback === 'string' || typeof fallback === 'number' ? ` [${fallback}]` : ''
}

function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
