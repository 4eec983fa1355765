import { PYTHON_FOLDER } from '../backends/python-script.ts'
import { TaipanError } from '../core/errors.ts'

/** What `taipan path` knows, by name. */
const PATHS: ReadonlyMap<string, string> = new Map([['python', PYTHON_FOLDER]])

/** `taipan path NAME`: prints where that part of Taipan is. Returns the exit code. Throws `USAGE`. */
export function runPath(names: readonly string[]): number {
  const [name, ...more] = names
  const path = name === undefined ? undefined : PATHS.get(name)
  if (path === undefined || more.length > 0)
    throw new TaipanError(
      'USAGE',
      `taipan path needs one name, ${[...PATHS.keys()].join(' or ')}; found ${names.length === 0 ? 'none' : names.map((one) => JSON.stringify(one)).join(' ')}`,
    )
  process.stdout.write(`${path}\n`)
  return 0
}
