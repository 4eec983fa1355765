import { VERSION } from '../server/version.ts'
import { readProcess } from '../server/read-process.ts'
import { Problems } from '../server/option-types/problems.ts'
import { parseCommandLine } from './arguments.ts'

/** Runs the command of a command line. Resolves with the exit code; rejects with the error to report. */
export async function runCommand(words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    const { formatHelp } = await import('./help.ts')
    process.stderr.write(formatHelp(undefined))
    return 2
  }
  const { cwd, environment } = readProcess()
  const line = parseCommandLine(words, { directory: cwd, environment })
  if (line.help) {
    const { formatHelp } = await import('./help.ts')
    process.stdout.write(formatHelp(line.command))
    return 0
  }
  if (line.version) {
    process.stdout.write(`taipan ${VERSION}\n`)
    return 0
  }
  if (line.command === 'path') {
    const { runPath } = await import('./path-command.ts')
    return runPath(line.names)
  }
  if (line.layer.directory !== cwd) enterFolder(line.layer.directory)
  if (line.command === 'check') {
    const { runCheck } = await import('./check-command.ts')
    return await runCheck(line, environment)
  }
  if (line.command === 'setup-server') {
    const { runSetupServer } = await import('./setup-command.ts')
    return await runSetupServer(line, environment)
  }
  if (line.command !== undefined && line.command !== 'serve') {
    const { runControl } = await import('./control/run-control.ts')
    return await runControl(line.command, line, environment)
  }
  const { runServe } = await import('./serve-command.ts')
  return await runServe(line, environment)
}

/** For `--chdir`. */
function enterFolder(folder: string): void {
  try {
    process.chdir(folder)
  } catch {
    const path = ['chdir']
    const problems = new Problems(new Map([['chdir', { name: '--chdir', kind: 'argument' }]]))
    problems.checkFolder(path, folder)
    if (problems.size === 0) problems.add(path, `folder ${folder} cannot be entered`)
    throw problems.createError()
  }
}
