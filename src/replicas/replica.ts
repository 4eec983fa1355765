import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createChildHandle } from '../processes/child-handle.ts'
import {
  SupervisedProcess,
  type ProcessExit,
  type ProcessListener,
  type ReportedExit,
} from '../processes/supervised-process.ts'
import { describeApplications } from '../backends/group/load-failure.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { SharedSockets } from './shared-sockets.ts'
import type { ReplicaGroup, ReplicaPlan } from './replica-plan.ts'
import { relayLines } from './line-relay.ts'
import { writeReports } from './reports.ts'
import type {
  GroupFindings,
  LogSettings,
  MessageFromReplica,
  MessageToReplica,
} from './messages.ts'
import { isMessageFromReplica } from './messages.ts'

// `src/` and `dist/` lie equally deep; only the built program can be started by Node alone.
const FOLDER = new URL('../../dist/', import.meta.url)
// V8 would take SIGSEGV for WebAssembly, and Python take it from V8 for its dumps.
const WITHOUT_TRAPS = '--disable-wasm-trap-handler'
const PROGRAM = [
  ...(process.allowedNodeEnvironmentFlags.has(WITHOUT_TRAPS) ? [WITHOUT_TRAPS] : []),
  '--import',
  new URL('processes/refuse-debugger.js', FOLDER).href,
  '--import',
  new URL('replicas/standard-streams.js', FOLDER).href,
  fileURLToPath(new URL('server/replica-program.js', FOLDER)),
]

/** What a replica tells the one who keeps it. */
export interface ReplicaListener extends ProcessListener<Replica, ReportedExit> {
  /** The others should look at the connection counts. */
  onCountsChange(replica: Replica): void
}

/** What a replica is made of. */
export interface ReplicaOptions {
  /** What it carries out. */
  readonly plan: ReplicaPlan
  readonly sockets: SharedSockets
  readonly log: LogSettings
  readonly logger: ServerLogger
  readonly listener: ReplicaListener
}

/** Starts a Node process that carries out a plan. Rejects with `INTERNAL` when the system refuses. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { sockets } = options
  const embedded = options.plan.groups.find(({ group }) => group.engine === 'embedded')?.group
  try {
    const child = spawn(process.execPath, PROGRAM, {
      // 3 brings its log lines; 4 what Python reports while Node's thread is held, and it ends with this process.
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        'pipe',
        'pipe',
        'ipc',
        sockets.counts.descriptor,
        ...sockets.descriptors,
      ],
      // A process group of its own: a Ctrl-C in the terminal is ours, and its children can be ended with it.
      detached: true,
      cwd: options.plan.directory,
      env: embedded?.environment ?? options.plan.environment,
    })
    await once(child, 'spawn')
    return new Replica(child, options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaipanError('INTERNAL', `a process of Node could not be started: ${reason}`, {
      cause: error,
    })
  }
}

/** One Node process with Python inside, seen from its parent. `served` counts its connections once it has ended. */
export class Replica extends SupervisedProcess<TaipanError> {
  readonly embeddedGroups: readonly ReplicaGroup[]
  findings: GroupFindings = {}
  /** Why groups cannot be served, by their names. */
  failures: GroupFailures = {}
  readonly #child: ChildProcess
  readonly #listener: ReplicaListener
  readonly #streams: readonly Readable[]
  readonly #sockets: SharedSockets
  readonly #subject: string
  readonly #place: number | undefined
  #gently = false

  constructor(child: ChildProcess, options: ReplicaOptions) {
    const { plan, sockets, log, logger, listener } = options
    const handle = createChildHandle(child)
    const groups = plan.groups.map(({ group }) => group)
    const embedded = groups.filter(({ engine }) => engine === 'embedded')
    const own = embedded[0] ?? groups[0]
    super(handle, { label: `${own?.name ?? 'node'}/${handle.pid}`, logger })
    this.embeddedGroups = embedded
    this.#child = child
    this.#listener = listener
    this.#sockets = sockets
    this.#place = sockets.counts.claim()
    this.#subject = describeApplications(groups.flatMap(({ applications }) => applications))
    this.#streams = child.stdio.filter((one) => one instanceof Readable)
    for (const stream of this.#streams) stream.on('error', () => {})
    const records = child.stdio[3]
    if (records instanceof Readable) relayLines(records, (lines) => logger.relay(lines))
    const reports = child.stdio[4]
    if (reports instanceof Readable)
      relayLines(reports, (lines) => writeReports(lines, this.label, logger))
    child.on('message', (message) => {
      if (isMessageFromReplica(message)) this.#onMessage(message)
    })
    child.on('error', () => {})
    this.#send({ type: 'start', plan, urls: sockets.urls, log, place: this.#place })
  }

  /** How many applications of the Python inside it it does not serve. */
  get flaws(): number {
    let flaws = 0
    for (const { name, applications } of this.embeddedGroups) {
      const found = this.findings[name]?.applications ?? []
      if (this.failures[name] !== undefined) flaws += applications.length
      else flaws += found.filter(({ failure }) => failure !== '').length
    }
    return flaws
  }

  /** Lets it accept connections. */
  open(): void {
    this.#send({ type: 'open' })
  }

  /** Has it look at the connection counts. */
  showCounts(): void {
    if (this.ready) this.#send({ type: 'counts' })
  }

  /** Idle clients may have a last request answered once it is asked to end. */
  retire(): void {
    this.#gently = true
  }

  /** It finishes its requests itself, after it was asked to end. */
  async drained(): Promise<void> {}

  ping(): void {
    this.#send({ type: 'ping' })
  }

  protected askToStop(): void {
    this.#send({ type: this.#gently ? 'retire' : 'stop' })
  }

  protected beforeForce(): void {}

  protected describeStartFailure(summary: string): TaipanError {
    const message = `${this.#subject} could not be loaded: ${summary}`
    const detail = this.log.last.join('\n')
    return new TaipanError('APPLICATION_LOAD', message, { cause: detail || message })
  }

  protected async readRest(): Promise<void> {
    const open = this.#streams.filter((stream) => !stream.closed)
    await Promise.all(open.map((stream) => once(stream, 'close')))
  }

  protected release(): void {
    this.served = this.#sockets.counts.release(this.#place)
    for (const stream of this.#streams) stream.destroy()
    if (this.#child.connected) this.#child.disconnect()
  }

  protected tellUnfit(reason: string): void {
    this.#listener.onUnfit(this, reason)
  }

  protected tellExit(exit: ProcessExit): void {
    this.#listener.onExit(this, { ...exit, lastOutput: this.log.last })
  }

  #send(message: MessageToReplica): void {
    // What cannot be sent is lost with the process, whose end is reported by itself.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #onMessage(message: MessageFromReplica): void {
    this.heardAt = performance.now()
    switch (message.type) {
      case 'ready':
        this.findings = message.findings
        this.failures = message.failures
        this.becomeReady()
        return
      case 'findings':
        this.findings = message.findings
        this.failures = message.failures
        this.#listener.onFound(this)
        return
      case 'failed':
        this.fail(new TaipanError(message.code, message.message, { cause: message.detail }))
        return
      case 'leaving':
        this.leave('was asked to end from outside')
        return
      case 'counts':
        this.#listener.onCountsChange(this)
        return
      case 'pong':
        return
      default:
    }
  }
}
