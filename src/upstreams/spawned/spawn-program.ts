import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { TaipanError } from '../../core/errors.ts'
import { createChildHandle } from '../../processes/child-handle.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import type { ProgramPlace } from './program-place.ts'
import type { ProgramSettings } from './program-settings.ts'
import { fillWords } from './program-words.ts'

/** Starts a process of a program. Rejects with PROGRAM_START when the system cannot start it. */
export async function spawnProgram(
  settings: ProgramSettings,
  place: ProgramPlace,
): Promise<ProcessHandle> {
  const [command = '', ...words] = fillWords(settings.words, place.words)
  try {
    const child = spawn(command, words, {
      // FastCGI has programs close 1 and 2; open, what they print by mistake does not end up in a file or a connection.
      stdio: [place.descriptor ?? 'ignore', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C in the terminal reaches Node only, and what it starts can be ended with it.
      detached: true,
      cwd: settings.directory,
      env: settings.environment,
    })
    await once(child, 'spawn')
    return createChildHandle(child)
  } catch (error) {
    throw startError(command, settings, error)
  }
}

function startError(command: string, settings: ProgramSettings, error: unknown): TaipanError {
  const { name, directory, environment } = settings
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const isMissing = code === 'ENOENT' && !existsSync(directory)
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: command.includes('/')
      ? `${command} does not exist below ${directory}`
      : `${command} is in no folder of PATH (${environment['PATH'] ?? ''}); install it, or name it by its path, such as .venv/bin/${command}`,
    EACCES: `${command} is not executable; see its permissions, or name its interpreter first`,
    ENOEXEC: `${command} is not a program; name its interpreter first`,
    E2BIG: 'its words and its environment are too long for the system',
    EMFILE: 'the limit of open files of this process is reached (see "ulimit -n")',
  }
  const reason = isMissing
    ? `its working directory ${directory} does not exist; create it, or change "directory"`
    : (reasons[code] ?? String(error))
  return new TaipanError('PROGRAM_START', `program ${name} could not be started: ${reason}`, {
    cause: error,
  })
}
