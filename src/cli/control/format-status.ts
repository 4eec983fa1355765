import { formatCount } from '../../core/format-count.ts'
import type { GroupStatus, ProgramStatus, ServerStatus } from '../../core/group-status.ts'
import type { ProcessesStatus, ReloadStatus } from '../../core/process-status.ts'
import { formatBytes, formatTime } from './quantities.ts'
import { formatTable } from './text-table.ts'

/** The status of a server, for people. */
export function formatStatus(status: ServerStatus): string {
  const { version, pid, state, uptime, addresses, exchanges, upstreams } = status
  const lines = [
    `taipan ${version}, process ${pid}, ${state} for ${formatTime(uptime)}, ${formatCount(exchanges, 'request')}`,
    ...addresses.map((address) => `listening on ${address}`),
    ...describeReload('last reload', status.lastReload),
  ]
  for (const group of status.groups) lines.push('', ...formatGroup(group))
  for (const program of status.programs) lines.push('', ...formatProgram(program))
  for (const { name, requests } of upstreams)
    lines.push(
      '',
      `${name}: ${requests.running} running, ${requests.waiting} waiting, ${requests.finished} finished`,
    )
  return `${lines.join('\n')}\n`
}

function formatGroup(group: GroupStatus): string[] {
  const { name, engine, python, queue, requests, threads } = group
  const version = python === '' ? '' : `, Python ${python}`
  return [
    `group ${name}: ${engine}${version}, ${formatWanted(group)}, ${formatCount(threads, 'thread')} each, ${formatGeneration(group)}`,
    `  requests: ${requests.running} running, ${queue.length} of ${queue.limit} in the queue, ${requests.finished} finished, ${requests.failed} failed`,
    ...group.applications.map(
      ({ name: application, interface: called, failure }) =>
        `  application ${application}${called === '' ? '' : ` (${called})`}: ${failure === '' ? 'served' : `not served: ${failure}`}`,
    ),
    ...formatProcesses(group),
  ]
}

function formatProgram(program: ProgramStatus): string[] {
  const { name, requests } = program
  return [
    `program ${name}: ${formatWanted(program)}, ${formatGeneration(program)}`,
    `  requests: ${requests.running} running, ${requests.waiting} waiting, ${requests.finished} finished`,
    ...formatProcesses(program),
  ]
}

function formatWanted({ wanted, min, max }: ProcessesStatus): string {
  const bounds = min === max ? '' : ` (${min} to ${max})`
  return `${formatCount(wanted, 'process')} wanted${bounds}`
}

function formatGeneration({ generation }: ProcessesStatus): string {
  return generation === 0 ? 'not started yet' : `generation ${generation}`
}

function formatProcesses({ workers, restarts, failure, lastReload }: ProcessesStatus): string[] {
  const reasons = Object.entries(restarts).filter(([, count]) => count > 0)
  const rows = workers.map(({ pid, state, generation, age, served, running, memory }) => [
    String(pid),
    state,
    String(generation),
    formatTime(age),
    String(running),
    String(served),
    memory === undefined ? '' : formatBytes(memory),
  ])
  const head = ['pid', 'state', 'generation', 'age', 'running', 'served', 'memory']
  return [
    ...(failure === '' ? [] : [`  not served: ${failure}`]),
    ...(reasons.length === 0
      ? []
      : [`  replaced: ${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}`]),
    ...describeReload('  last reload', lastReload?.succeeded === false ? lastReload : undefined),
    ...(rows.length === 0 ? [] : formatTable([head, ...rows]).map((line) => `  ${line}`)),
  ]
}

function describeReload(what: string, reload: ReloadStatus | undefined): string[] {
  if (reload === undefined) return []
  const { succeeded, at, message, traceback } = reload
  const ago = formatTime(Math.max(0, Date.now() - at))
  if (succeeded) return [`${what}: ${ago} ago, succeeded`]
  const lines =
    traceback === ''
      ? []
      : traceback
          .trimEnd()
          .split('\n')
          .map((line) => `    ${line}`)
  return [`${what}: ${ago} ago, failed: ${message}`, ...lines]
}
