import type { RunningStack, WorkerStacks } from '../../core/stacks.ts'
import { formatTime } from './quantities.ts'

/** What the workers do, for people. */
export function formatStacks(workers: readonly WorkerStacks[]): string {
  if (workers.length === 0) return 'there is no worker\n'
  return `${workers.map(formatWorker).join('\n\n')}\n`
}

function formatWorker({ group, pid, answered, stacks }: WorkerStacks): string {
  const silent = answered
    ? ''
    : ": did not answer: code holds the lock of the interpreter or, with embedded Python, Node's thread, or the machine is busy; the log has its stack when it exceeds requestTimeout or deadlockTimeout"
  const idle = answered && stacks.length === 0 ? ': idle' : ''
  return [`worker ${group}/${pid}${silent}${idle}`, ...stacks.map(formatStack)].join('\n\n')
}

function formatStack({ kind, name, request, stack }: RunningStack): string {
  const of =
    request === undefined
      ? 'no request'
      : `request ${request.request} (${request.method} ${request.path}) of application ${request.application}, for ${formatTime(request.age)}`
  const lines = stack === '' ? ['(no frame of the application)'] : stack.trimEnd().split('\n')
  return [`${kind} ${name}: ${of}`, ...lines].map((line) => `  ${line}`).join('\n')
}
