import type { Program } from '../measure/children.ts'

/** One tree of processes: the first is the parent of the one behind it, and both are measured. */
export function joinPrograms(first: Program, behind: Program): Program {
  return {
    command: '/bin/sh',
    args: ['-c', `"$@" & exec ${formatWords(first)}`, 'sh', behind.command, ...behind.args],
    ...(behind.directory === undefined ? {} : { directory: behind.directory }),
    environment: { ...behind.environment, ...first.environment },
  }
}

/** For the shell. */
function formatWords({ command, args }: Program): string {
  return [command, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}
