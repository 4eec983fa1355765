import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findPython, type PythonChoice } from '../backends/discover/find-python.ts'
import type { Application } from '../core/application.ts'
import { TaipanError } from '../core/errors.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import { isRecord } from './config/record.ts'

const CHECK_SCRIPT = fileURLToPath(new URL('../../python/check.py', import.meta.url))
const MAX_OUTPUT = 16 * 1024 * 1024

/** What was found out about one application. */
export interface ApplicationReport {
  readonly name: string
  /** As the person named it. */
  readonly target: string
  readonly loads: boolean
  /** What it is when it loads, why not when it does not. */
  readonly summary: string
  readonly traceback: string
}

/** What was found out about a process group. */
export interface GroupReport {
  readonly group: string
  readonly python: PythonChoice
  /** Path of the shared library of this Python; undefined when it has none. */
  readonly libpython: string | undefined
  readonly searchPath: readonly string[]
  readonly applications: readonly ApplicationReport[]
}

/** Looks for the Python of each group and tries to load its applications. Rejects with `PYTHON_NOT_FOUND` or `PYTHON_START`. */
export async function checkServer(plan: ServerPlan): Promise<GroupReport[]> {
  const reports: GroupReport[] = []
  for (const group of plan.groups) reports.push(await checkGroup(group, plan))
  return reports
}

async function checkGroup(plan: GroupPlan, server: ServerPlan): Promise<GroupReport> {
  const python = await findPython({
    explicit: plan.python,
    directory: plan.pythonDirectory,
    cwd: server.directory,
    environment: server.environment,
  })
  const { group } = plan
  const answer = await askPython(python.path, plan)
  return {
    group: group.name,
    python,
    libpython: typeof answer['libpython'] === 'string' ? answer['libpython'] : undefined,
    searchPath: listTexts(answer['path']),
    applications: group.applications.map((application, index) =>
      createReport(
        application,
        Array.isArray(answer['applications']) ? answer['applications'][index] : undefined,
      ),
    ),
  }
}

function createReport(application: Application, answer: unknown): ApplicationReport {
  const facts = isRecord(answer) ? answer : {}
  const text = (key: string): string => (typeof facts[key] === 'string' ? facts[key] : '')
  return {
    name: application.name,
    target: describeTarget(application),
    loads: facts['loads'] === true,
    summary: text('summary'),
    traceback: text('traceback'),
  }
}

function describeTarget(application: Application): string {
  return application.kind === 'target'
    ? application.target
    : `${application.appFilename}:${application.callable}`
}

function listTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** Runs the check of the Python half in the surroundings of a worker. */
async function askPython(python: string, { group }: GroupPlan): Promise<Record<string, unknown>> {
  const child = spawn(python, [...group.pythonArguments, CHECK_SCRIPT], {
    cwd: group.directory,
    env: group.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_OUTPUT) stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_OUTPUT) stderr += text
  })
  const { argv, searchPath, applications } = group
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify({ argv, searchPath, applications }))
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const answer = parseAnswer(stdout)
  if (answer !== undefined) return answer
  throw new TaipanError('PYTHON_START', `${python} ended with ${end} and did not answer`, {
    cause: stderr,
  })
}

function parseAnswer(text: string): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(text)
    return isRecord(answer) ? answer : undefined
  } catch {
    return undefined
  }
}
