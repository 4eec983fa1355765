/** A path of the site that Apache and the server both have. */
export interface Place {
  /** Also that of its folder, without what follows a slash. */
  readonly name: string
  /** Lines of Apache besides `SetHandler mod_python`. */
  readonly lines: readonly string[]
  /** The same for a route. */
  readonly modPython: Readonly<Record<string, unknown>>
}

const OUTPUT =
  'capitalize by_line facts passes unclosed headed small writes_text keeps Kept.run'.split(' ')
const INPUT = ['lower', 'in_lines']
const PHASES = ['HeaderParser', 'Access', 'Type', 'Fixup', 'Log', 'Cleanup']

function plain(name: string, handler: string, options: Record<string, string> = {}): Place {
  const pairs = Object.entries(options).map(([key, value]) => `PythonOption ${key} "${value}"`)
  return { name, lines: [`PythonHandler ${handler}`, ...pairs], modPython: { handler, options } }
}

function phased(): Place {
  const handlers = PHASES.map((phase) => {
    const early = !['Log', 'Cleanup'].includes(phase)
    return [phase, early ? `phases::first_${phase.toLowerCase()}` : 'phases'] as const
  })
  return {
    name: 'ph',
    lines: ['PythonHandler phases', ...handlers.map(([name, of]) => `Python${name}Handler ${of}`)],
    modPython: {
      handler: 'phases',
      phases: Object.fromEntries(
        handlers.map(([name, of]) => [name.charAt(0).toLowerCase() + name.slice(1), of]),
      ),
    },
  }
}

function filtered(direction: 'Input' | 'Output', filter: string): Place {
  const name = `fi/${direction === 'Input' ? 'I' : ''}${filter.replace('.', '')}`
  return {
    name,
    lines: [`Set${direction}Filter ${filter}`],
    modPython: {
      handler: 'filters',
      filters: { [direction.toLowerCase()]: [`filters::${filter}`] },
    },
  }
}

function guarded(name: string, module: string, more: readonly string[] = []): Place {
  const phases = Object.fromEntries(['authen', ...more].map((phase) => [phase, module]))
  return {
    name,
    lines: [
      `PythonHandler ${module}`,
      `PythonAuthenHandler ${module}`,
      ...more.map(() => `PythonAuthzHandler ${module}`),
      'AuthType Basic',
      'AuthName staff',
      'Require valid-user',
    ],
    modPython: {
      handler: module,
      phases,
      auth: { realm: 'staff', require: ['valid-user'] },
    },
  }
}

/** What Apache says of the folder of the filters, whose paths name one each. */
export const FILTERS: readonly string[] = [
  'PythonHandler filters',
  ...OUTPUT.map((filter) => `PythonOutputFilter filters::${filter} ${filter}`),
  ...INPUT.map((filter) => `PythonInputFilter filters::${filter} ${filter}`),
]

/** All paths. */
export const PLACES: readonly Place[] = [
  plain('h', 'cases', { 'my.option': 'value', gone: '' }),
  plain('pub', 'mod_python.publisher'),
  plain('cg', 'mod_python.cgihandler'),
  plain('ws', 'mod_python.wsgi', {
    'mod_python.wsgi.application': 'hello',
    'mod_python.wsgi.base_uri': '/ws',
  }),
  plain('ps', 'mod_python.psp'),
  plain('de', 'declining'),
  plain('od', 'several::first several::second'),
  plain('ex', 'by_ext::one by_ext::two | .a'),
  plain('ob', 'by_ext_ob::Site.answer by_ext_ob::two | .a .txt'),
  phased(),
  guarded('au', 'door'),
  guarded('az', 'gate', ['authz']),
  ...OUTPUT.map((filter) => filtered('Output', filter)),
  ...INPUT.map((filter) => filtered('Input', filter)),
]
