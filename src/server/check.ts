import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { PythonChoice } from '../backends/discover/find-python.ts'
import type { EmbeddingReport } from '../backends/embedded/embeddability.ts'
import { createCommand } from '../backends/daemon/command.ts'
import { describeSource, type Application } from '../core/application.ts'
import { TaipanError } from '../core/errors.ts'
import type { ProcessGroup } from '../core/process-group.ts'
import { choosePython } from './choose-python.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import { isRecord } from './option-types/plain-object.ts'

const MAX_OUTPUT = 16 * 1024 * 1024

/** What a check found out about an application. */
export interface ApplicationReport {
  readonly name: string
  /** The target, or file and callable, as configured. */
  readonly target: string
  readonly loads: boolean
  /** `wsgi` or `asgi`; empty if it does not load. */
  readonly interface: string
  /** Description if it loads, else the reason. */
  readonly summary: string
  /** What `serve` says about it besides. */
  readonly notes: readonly string[]
  readonly traceback: string
}

/** What a check found out about a process group. */
export interface GroupReport {
  readonly group: string
  readonly python: PythonChoice & { readonly prefix: string }
  /** Path of the shared library of this Python; undefined if it has none. */
  readonly libpython: string | undefined
  readonly searchPath: readonly string[]
  readonly engine: ProcessGroup['engine']
  readonly embedding: EmbeddingReport
  /** Event loop of ASGI applications. */
  readonly loop: LoopReport
  readonly applications: readonly ApplicationReport[]
}

/** An event loop, and why it is used. */
export interface LoopReport {
  readonly name: 'asyncio' | 'uvloop'
  readonly reason: string
  /** False if the configured one is not installed. */
  readonly available: boolean
}

/** Finds the Python of each group and tries to load its applications. Rejects with `PYTHON_NOT_FOUND` or `PYTHON_START`. */
export async function checkServer(plan: ServerPlan): Promise<GroupReport[]> {
  const reports: GroupReport[] = []
  for (const group of plan.groups)
    try {
      reports.push(await checkGroup(group, plan))
    } catch (error) {
      if (needsPython(group, plan) || !isNotFound(error)) throw error
    }
  return reports
}

function isNotFound(error: unknown): boolean {
  return error instanceof TaipanError && error.code === 'PYTHON_NOT_FOUND'
}

/** Whether a server is nothing without the Python of a group. */
function needsPython({ group }: GroupPlan, { routes }: ServerPlan): boolean {
  const hasOthers = routes.some(({ answerer: { kind } }) => kind === 'upstream' || kind === 'lrwp')
  return group.applications.length > 0 || !hasOthers
}

async function checkGroup(plan: GroupPlan, server: ServerPlan): Promise<GroupReport> {
  const python = await choosePython(plan, server)
  const { group } = plan
  const whole = await runCheckScript(python.path, group, group.applications)
  // If an application ended the interpreter, asks again without applications.
  const { facts, end, stderr } =
    whole.facts === undefined ? await runCheckScript(python.path, group, []) : whole
  if (facts === undefined)
    throw new TaipanError('PYTHON_START', `${python.path} does not work: it ended with ${end}`, {
      cause: stderr,
    })
  const answers: readonly unknown[] = Array.isArray(facts['applications'])
    ? facts['applications']
    : []
  return {
    group: group.name,
    python: { ...python, prefix: String(facts['prefix']) },
    libpython: typeof facts['libpython'] === 'string' ? facts['libpython'] : undefined,
    searchPath: listTexts(facts['path']),
    engine: group.engine,
    embedding: await examineEmbedding(python.path, group),
    loop: chooseLoop(group, facts['uvloop'] === true),
    applications: group.applications.map((application, index) =>
      whole.facts === undefined
        ? createEndedReport(application, whole)
        : createReport(application, answers[index]),
    ),
  }
}

/** Checks embedded mode; its modules are loaded only here. */
async function examineEmbedding(
  python: string,
  { environment, confinement }: GroupPlan['group'],
): Promise<EmbeddingReport> {
  if (confinement?.account !== undefined)
    return { embeddable: false, reason: 'its workers are another user', libpython: undefined }
  const { checkEmbedding } = await import('../backends/embedded/embeddability.ts')
  return await checkEmbedding(python, environment)
}

function createReport(application: Application, answer: unknown): ApplicationReport {
  const facts = isRecord(answer) ? answer : {}
  const text = (key: string): string => (typeof facts[key] === 'string' ? facts[key] : '')
  const loads = facts['loads'] === true
  return {
    name: application.name,
    target: describeSource(application),
    loads,
    interface: loads ? text('interface') : '',
    summary: loads ? describeFound(text) : text('summary'),
    notes: listTexts(facts['notes']),
    traceback: text('traceback'),
  }
}

/** `app is an ASGI application, instance of fastapi.applications.FastAPI`. */
function describeFound(text: (key: string) => string): string {
  if (text('interface') === 'script') return text('found')
  if (text('interface') === 'guard') return `a script with ${text('found')}`
  const kind = text('interface').toUpperCase()
  const article = kind.startsWith('A') ? 'an' : 'a'
  const found = text('found')
  return `${text('expression')} is ${article} ${kind} application${found === '' ? '' : `, ${found}`}`
}

function createAsyncio(reason: string): LoopReport {
  return { name: 'asyncio', reason, available: true }
}

function chooseLoop(group: GroupPlan['group'], uvloop: boolean): LoopReport {
  if (group.engine === 'embedded') return createAsyncio('driven by the event loop of Node')
  if (group.loop === 'asyncio') return createAsyncio('as configured')
  if (group.loop === 'uvloop')
    return {
      name: 'uvloop',
      reason: uvloop ? 'as configured' : 'as configured, but not installed in this Python',
      available: uvloop,
    }
  return uvloop
    ? { name: 'uvloop', reason: 'installed in this Python', available: true }
    : createAsyncio('uvloop is not installed in this Python')
}

function createEndedReport(application: Application, run: CheckRun): ApplicationReport {
  return {
    name: application.name,
    target: describeSource(application),
    loads: false,
    interface: '',
    summary: `the interpreter ended with ${run.end} while applications were loaded`,
    notes: [],
    traceback: run.stderr,
  }
}

function listTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

interface CheckRun {
  /** Undefined if the script ended without an answer. */
  readonly facts: Readonly<Record<string, unknown>> | undefined
  readonly end: string
  readonly stderr: string
}

/** Runs the check script with the environment and folder of a worker. */
async function runCheckScript(
  python: string,
  group: GroupPlan['group'],
  applications: readonly Application[],
): Promise<CheckRun> {
  const { argv, searchPath } = group
  const program = { module: 'taipan.inspection', tells: false }
  const { file, args, directory } = createCommand({ ...group, python }, program)
  const child = spawn(file, args, {
    cwd: directory,
    env: group.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: group.timeouts.startup,
    killSignal: 'SIGKILL',
  })
  const stdout = collectText(child.stdout)
  const stderr = collectText(child.stderr)
  // A script that ends early does not read everything; its end is reported below.
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify({ argv, searchPath, applications }))
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return { facts: parseAnswer(stdout()), end, stderr: stderr() }
}

function collectText(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length < MAX_OUTPUT) text += piece
  })
  return () => text
}

function parseAnswer(text: string): Record<string, unknown> | undefined {
  try {
    const answer: unknown = JSON.parse(text)
    return isRecord(answer) ? answer : undefined
  } catch {
    return undefined
  }
}
