import type { CommandName, HelpSection } from '../server/option-types/option.ts'
import { listFlags, type FlaggedOption } from '../server/options/schema.ts'
import { describeControlCommand } from './control-help.ts'

const WIDTH = 96
const COLUMN = 30

const SECTIONS: readonly HelpSection[] = [
  'Application',
  'Listening',
  'Processes',
  'Timeouts',
  'Limits',
  'WebSocket',
  'Files',
  'Development',
  'Logs',
  'General',
]

const ENGINES = `The engine (-e) is where Python runs:
  -e daemon      in worker processes (the default): any Python, and a crash ends one worker only
  -e embedded    inside Node: the lowest latency; needs a Python with a shared library.
                 "taipan check" shows whether yours has one
The interface (-i) is how the application is called; auto detects it:
  -i wsgi        Django, Flask ...: each of the -t threads serves one request at a time; embedded
                 without -t: the thread of Node
  -i asgi        FastAPI, Starlette, Channels ...: on an event loop, with WebSockets and lifespan
The event loop of ASGI applications in worker processes is uvloop if it is installed, else asyncio;
--loop selects one. Embedded Python always shares the event loop of Node.
`

const INTRODUCTION = `Taipan hosts Python web applications: WSGI and ASGI from one command.

Usage:
  taipan serve [TARGET] [options]    serve an application
  taipan check [TARGET] [options]    show which Python is used, and whether the application loads
  taipan setup-server DIR [TARGET]   write a configuration, a control script and a systemd unit
  taipan path python                 print the folder with Taipan's Python modules
  taipan status | reload | stop      ask or tell a running server that has a --control address;
  taipan scale | stacks | top        also its size, what its threads do, and a live view
  taipan help [COMMAND]              explain a command; also --help, -h
  taipan version                     print the version; also --version, -v

Examples:
  taipan serve app.py                          finds the application in the file by its usual names
  taipan serve shop.wsgi:application -p 2      two processes with four threads each
  taipan serve 'shop:create_app()'             what a factory returns; in quotes for the shell
  taipan serve main:app                        a FastAPI or any other ASGI application
  taipan serve main:app -e embedded -p auto    Python inside Node, one process per processor
  taipan serve . --static /static=public       a Django project and its static files
  taipan serve ./site                          the scripts, pages and files of a folder
  taipan serve                                 the applications of taipan.config.ts

${ENGINES}
"taipan help serve" describes every option.
`

const TARGETS = `TARGET names the application:
  pkg.mod:attr            an attribute of a module
  'pkg.mod:factory()'     the result of a factory, in quotes for the shell; also 'pkg.mod:Class()',
                          'pkg.mod:Class().method'
  path/app.py[:attr]      a file; also path/site.wsgi
  path/to/folder          a folder with a Django project (manage.py) or a file with a usual name;
                          any other folder with scripts, pages or an index file: these and
                          all its other files (.py, .psp, .cgi, .wsgi are run)
Without :attr Taipan tries application, app, handler, create_app() and make_app().
Usual file names are app.py, wsgi.py, asgi.py, main.py and application.py.
Without TARGET Taipan uses taipan.config.{ts,mts,js,mjs,json} in the working directory, or else the
working directory as TARGET.
Words after -- are arguments of the application: TARGET and they are its sys.argv.
`

/** Commands that have an application, and options for it. */
type ApplicationCommand = 'serve' | 'check'

const EXAMPLES: Readonly<Record<ApplicationCommand, string>> = {
  serve: `Examples:
  taipan serve app.py --reload
  taipan serve shop.wsgi:application -b 0.0.0.0:80 -b unix:/run/shop.sock -p auto
  taipan serve site.wsgi --mount /shop --static /shop/static=public
  taipan serve main:app --loop uvloop -p 2
  taipan serve main:app -e embedded
  taipan serve main:app -p 2 -- --tenant north
`,
  check: `Examples:
  taipan check app.py
  taipan check shop.wsgi:application --python .venv/bin/python
  taipan check main:app -e embedded
`,
}

const USAGE: Readonly<Record<ApplicationCommand, string>> = {
  serve: 'Usage: taipan serve [TARGET] [options]\n',
  check: `Usage: taipan check [TARGET] [options]

Shows which Python is used and why, its version, prefix and sys.path, whether it can run inside
Node, which event loop ASGI applications get, and whether the application loads and by which
interface; without an application it reports on Python only. Exit code 0 when all is well, 3 when
the application does not load, 5 without a Python that supports what -e and --loop ask for.
`,
}

const PATH = `Usage: taipan path python

Prints the folder with the Python modules that are for programs outside of Taipan: lrwp, and
taipan.lrwp, by which an application is a peer of a server that speaks LRWP.

Examples:
  export PYTHONPATH="$(taipan path python)"
  python -m taipan.lrwp --help
`

const SETUP_SERVER = `Usage:
  taipan setup-server DIR [TARGET] [options of serve]

Writes into DIR what runs the server that "taipan serve" would run with these words, and starts
nothing: taipan.config.json, the script taipanctl (start, stop, restart, reload, status, check,
run), and a unit of systemd. Relative paths are those of the working directory. Files that exist
are left, and are an error.

  taipan setup-server /srv/shop shop.wsgi:application -b 127.0.0.1:8000 -p 2
  /srv/shop/taipanctl start
`

const LAST = `Every option can also be set by a TAIPAN_* variable or in a configuration file. A flag overrides a
variable, and a variable overrides the file. SIGTERM, SIGQUIT and Ctrl-C stop gracefully, a
second one stops at once; SIGHUP reloads the application.
`

/** The help text of a command, or of the program. */
export function formatHelp(command: CommandName | undefined): string {
  if (command === undefined) return INTRODUCTION
  if (command === 'path') return [PATH, ...formatSections(command)].join('\n')
  if (command === 'setup-server') return SETUP_SERVER
  if (command !== 'serve' && command !== 'check') {
    const { usage, address, examples } = describeControlCommand(command)
    return [usage, address, ...formatSections(command), examples].join('\n')
  }
  return [
    USAGE[command],
    TARGETS,
    ENGINES,
    ...formatSections(command),
    EXAMPLES[command],
    ...(command === 'serve' ? [LAST] : []),
  ].join('\n')
}

function formatSections(command: CommandName): string[] {
  const options = listFlags().filter(({ flag }) => flag.commands.includes(command))
  return SECTIONS.flatMap((section) => {
    const members = options.filter(({ flag }) => flag.section === section)
    return members.length === 0 ? [] : [`${section}:\n${members.map(formatOption).join('')}`]
  })
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

/** ` [4]` for a default that can be given on the command line. */
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
