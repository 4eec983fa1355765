import { dirname } from 'node:path'
import { importFolder, type Application } from '../../core/application.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { viewFrom } from '../../core/path-below.ts'
import { isRoot } from '../../processes/accounts.ts'
import { PYTHON_FOLDER, PYTHON_SCRIPT } from '../python-script.ts'
import { findTrustedPython } from './trusted-python.ts'

/** What a command needs to know of a group. */
export type CommandGroup = Pick<
  ProcessGroup,
  'name' | 'python' | 'pythonArguments' | 'confinement' | 'directory' | 'applications'
>

/** A program with its arguments. */
export interface PythonCommand {
  readonly file: string
  readonly args: readonly string[]
  /** Folder that it starts in. */
  readonly directory: string
}

/** A program of the Python half. */
export interface PythonProgram {
  readonly module: string
  /** Descriptor 3 is its control channel, and has a word about what is refused. */
  readonly tells: boolean
}

/** How a program of the Python half is run for a group. Throws PYTHON_START. */
export function createCommand(group: CommandGroup, program: PythonProgram): PythonCommand {
  const { module, tells } = program
  const { confinement, directory, python, pythonArguments } = group
  const command = [python, ...pythonArguments, PYTHON_SCRIPT, module]
  if (confinement === undefined) return { file: python, args: command.slice(1), directory }
  const { chroot, account } = confinement
  // A server that has given up the rights of root is the user already.
  const become = isRoot() ? account : undefined
  if (account !== undefined && become === undefined && process.geteuid?.() !== account.uid)
    throw new TaipanError(
      'PYTHON_START',
      `a worker of group ${group.name} cannot be ${describeUser(group)}: this process has not the rights of root any more`,
    )
  const inside = (path: string): string => viewFrom(chroot, path)
  const task = {
    ...confinement,
    account: become,
    command: command.map(inside),
    directory: inside(directory),
    reads: listNeeds(group).map(({ path, what }) => ({ path: inside(path), what })),
    who: describeUser(group),
    tells,
  }
  const args = ['-I', '-S', PYTHON_SCRIPT, 'taipan.confine.launch', JSON.stringify(task)]
  return { file: findTrustedPython(group), args, directory: '/' }
}

/** Who the workers of a group are, for messages. */
export function describeUser({ confinement }: Pick<ProcessGroup, 'confinement'>): string {
  const account = confinement?.account
  return account === undefined ? 'this user' : `user ${account.name ?? account.uid}`
}

/** What a worker reads, in the order in which it needs it. */
function listNeeds({ python, applications }: CommandGroup): { path: string; what: string }[] {
  return [
    { path: python, what: 'the Python interpreter' },
    { path: dirname(dirname(python)), what: 'the Python environment' },
    { path: PYTHON_SCRIPT, what: "Taipan's own file" },
    { path: PYTHON_FOLDER, what: "Taipan's own folder" },
    ...applications.flatMap(listSources),
  ]
}

function listSources(application: Application): { path: string; what: string }[] {
  const what = `the application ${application.name} in`
  const folder = { path: importFolder(application), what }
  if (application.kind === 'guard') return [folder, { path: application.file, what }]
  if (application.kind === 'file')
    return [folder, { path: `${application.appDirectory}/${application.appFilename}`, what }]
  if (application.kind === 'target' && /\.(py|wsgi)$/.test(application.target))
    return [folder, { path: `${application.directory}/${application.target}`, what }]
  return [folder]
}
