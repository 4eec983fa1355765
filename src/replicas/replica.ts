import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createChildHandle } from '../processes/child-handle.ts'
import type { LoadingApplication } from '../core/backend.ts'
import type { AppStatus } from '../core/group-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import type { Cause } from '../processes/cause.ts'
import { withPlace } from '../processes/load-place.ts'
import {
  SupervisedProcess,
  type ProcessExit,
  type ProcessListener,
  type ReportedExit,
} from '../processes/supervised-process.ts'
import {
  describeApplications,
  loadError,
  type LoadFailure,
} from '../backends/group/load-failure.ts'
import { isServed } from '../core/backend.ts'
import { describeChange } from '../backends/group/change.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServiceNews } from '../processes/supervisor-log.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { TlsMaterial } from '../streams/tls/material.ts'
import type { SharedSockets } from './shared-sockets.ts'
import { Answers } from '../processes/answers.ts'
import { LoadingNews, type Loading } from './loading-news.ts'
import type { ReplicaGroup, ReplicaPlan } from './replica-plan.ts'
import { relayLines } from './line-relay.ts'
import { parseReports, writeReport } from './reports.ts'
import type {
  GroupFindings,
  LogSettings,
  MessageFromReplica,
  MessageToReplica,
} from './messages.ts'
import { isMessageFromReplica, LIFELINE } from './messages.ts'

// The path is the same from `src/` and from `dist/`; Node itself can run only the built program.
const FOLDER = new URL('../../dist/', import.meta.url)
// Without it V8 handles SIGSEGV for WebAssembly, and Python's crash handler would replace that.
const WITHOUT_TRAPS = '--disable-wasm-trap-handler'
// SIGUSR1 would open Node's debugger before PROGRAM refuses it; Node 22.14 and later.
const WITHOUT_DEBUGGER_SIGNAL = '--disable-sigusr1'
const PROGRAM = [
  '--import',
  new URL('processes/refuse-debugger.js', FOLDER).href,
  '--import',
  new URL('replicas/standard-streams.js', FOLDER).href,
  fileURLToPath(new URL('server/replica-program.js', FOLDER)),
]

/** Why a replica did not become ready. */
export interface ReplicaFailure {
  readonly error: TaipanError
  /** What it was loading when it ended or hung, if that is known. */
  readonly ended?: { readonly group: string; readonly failure: LoadFailure }
}

/** Receives the events of a replica. */
export interface ReplicaListener extends ProcessListener<Replica, ReportedExit> {
  /** Something is served, or not. */
  onNews(news: ServiceNews): void
  /** The file of an application differs from what it has loaded. */
  onScriptChange(replica: Replica, path: string): void
  /** The other replicas must compare the connection counts. */
  onCountsChange(replica: Replica): void
}

/** What a replica says of itself. */
export interface ReplicaStatus {
  readonly status: AppStatus
  readonly exchanges: number
}

/** Parts of a replica. */
export interface ReplicaOptions {
  /** Its plan. */
  readonly plan: ReplicaPlan
  readonly sockets: SharedSockets
  readonly log: LogSettings
  readonly logger: ServerLogger
  readonly listener: ReplicaListener
  /** Of the pages that it makes. */
  readonly pageVersion: string
  /** Undefined: no address speaks https. */
  readonly material: TlsMaterial | undefined
}

/** Starts a Node process that serves a plan. Rejects with `INTERNAL` if the system cannot start it. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { sockets } = options
  const embedded = options.plan.groups.find(({ group }) => group.engine === 'embedded')?.group
  try {
    const child = spawn(process.execPath, [...listFlags(), ...PROGRAM], {
      // 3 has its log lines; 4 has reports of Python while Node's thread is blocked, and closes with this process.
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
      // A process group of its own: Ctrl-C in the terminal reaches the parent only, and its children can be killed with it.
      detached: true,
      cwd: options.plan.directory,
      env: embedded?.environment ?? options.plan.environment,
    })
    await once(child, 'spawn')
    return new Replica(child, options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaipanError('INTERNAL', `a Node process could not be started: ${reason}`, {
      cause: error,
    })
  }
}

/** Flags of Node, as far as this version has them. Node takes milliseconds to make the list that tells. */
function listFlags(): string[] {
  const known = process.allowedNodeEnvironmentFlags
  return [WITHOUT_TRAPS, WITHOUT_DEBUGGER_SIGNAL].filter((flag) => known.has(flag))
}

/** A Node process with embedded Python, seen from its parent. `served` is the number of its connections, known at its end. */
export class Replica extends SupervisedProcess<ReplicaFailure> {
  readonly groups: readonly ReplicaGroup[]
  findings: GroupFindings = {}
  /** Why groups cannot be served, by group. */
  failures: GroupFailures = {}
  /** What it had measured when it told so last. */
  measured: MeasuredMetrics = []
  readonly #child: ChildProcess
  readonly #listener: ReplicaListener
  readonly #streams: readonly Readable[]
  readonly #sockets: SharedSockets
  readonly #loading: LoadingNews
  readonly #place: number | undefined
  readonly #statuses = new Answers<ReplicaStatus>()
  readonly #closings = new Answers<true>()
  readonly #stacks = new Answers<readonly WorkerStacks[]>()
  #gently = false

  constructor(child: ChildProcess, options: ReplicaOptions) {
    const { plan, sockets, log, logger, listener, pageVersion, material } = options
    const handle = createChildHandle(child, true)
    const groups = plan.groups.map(({ group }) => group)
    const embedded = groups.filter(({ engine }) => engine === 'embedded')
    const own = embedded[0] ?? groups[0]
    super(handle, { label: `${own?.name ?? 'node'}/${handle.pid}`, logger })
    this.groups = groups
    this.#child = child
    this.#listener = listener
    this.#sockets = sockets
    this.#place = sockets.counts.claim()
    this.#loading = new LoadingNews(embedded)
    this.#streams = child.stdio.filter((one) => one instanceof Readable)
    for (const stream of this.#streams) stream.on('error', () => {})
    const records = child.stdio[3]
    if (records instanceof Readable) relayLines(records, (lines) => logger.relay(lines))
    const reports = child.stdio[LIFELINE]
    if (reports instanceof Readable)
      relayLines(reports, (lines) => this.#takeReports(lines, logger))
    child.on('message', (message) => {
      if (isMessageFromReplica(message)) this.#onMessage(message)
    })
    child.on('error', () => {})
    const { urls } = sockets
    this.#send({ type: 'start', plan, urls, log, place: this.#place, pageVersion, material })
  }

  /** Once its embedded groups are loaded, it only has to reply: it watches its worker processes itself. */
  override get progressedAt(): number {
    return this.#loading.over ? this.heardAt : super.progressedAt
  }

  /** What it is loading itself; undefined when that is not known. */
  get loading(): LoadingApplication | undefined {
    const { current } = this.#loading
    return current && { application: current.application, place: current.place?.text ?? '' }
  }

  /** Groups whose applications it runs itself. */
  get embeddedGroups(): readonly ReplicaGroup[] {
    return this.groups.filter(({ engine }) => engine === 'embedded')
  }

  /** Applications of its embedded groups that it does not serve. */
  get omitted(): number {
    let omitted = 0
    for (const { name, applications } of this.embeddedGroups) {
      const found = this.findings[name]?.applications ?? []
      if (this.failures[name] !== undefined) omitted += applications.length
      else omitted += found.filter((one) => !isServed(one)).length
    }
    return omitted
  }

  /** Makes it accept connections. */
  open(): void {
    this.#send({ type: 'open' })
  }

  /** Makes it accept no more connections; resolves when it does not, or after `patience` ms. */
  async close(patience: number): Promise<void> {
    if (this.ready) await this.#closings.ask((id) => this.#send({ type: 'close', id }), patience)
  }

  /** Asks what it has; undefined while it loads, and when it does not answer within `patience` ms. */
  async askStatus(patience: number): Promise<ReplicaStatus | undefined> {
    if (this.starting) return undefined
    return await this.#statuses.ask((id) => this.#send({ type: 'askStatus', id }), patience)
  }

  /** Asks what its workers do; undefined as for `askStatus`. */
  async askStacks(patience: number): Promise<readonly WorkerStacks[] | undefined> {
    if (this.starting) return undefined
    return await this.#stacks.ask((id) => this.#send({ type: 'askStacks', id }), patience)
  }

  /** Makes it compare the connection counts. */
  showCounts(): void {
    if (this.ready) this.#send({ type: 'counts' })
  }

  /** Makes pages in browsers load again; `version` is the new one. */
  refreshPages(version: string): void {
    if (this.ready) this.#send({ type: 'refresh', version })
  }

  /** Other certificates for connections that begin later. */
  renewCertificates(material: TlsMaterial): void {
    this.#send({ type: 'certificates', material })
  }

  /** A later stop lets idle connections have a last request answered. */
  retire(): void {
    this.#gently = true
  }

  /** Resolves at once, because a replica finishes its requests after it was asked to stop. */
  async drained(): Promise<void> {}

  ping(): void {
    this.#send({ type: 'ping' })
  }

  protected askToStop(): void {
    this.#send({ type: this.#gently ? 'retire' : 'stop' })
  }

  protected beforeForce(): void {}

  protected describeStartFailure(reason: string, held: boolean): ReplicaFailure {
    const applications = this.groups.flatMap((group) => group.applications)
    const current = this.#loading.current ?? this.#onlyOne
    const code = 'APPLICATION_LOAD'
    const output = this.log.takeLast().join('\n')
    const place = held ? current?.place : undefined
    const { summary, traceback } = withPlace({ summary: reason, traceback: output }, place)
    const mayServeNothing = this.groups.some(({ dev }) => dev)
    if (current === undefined || (applications.length === 1 && !mayServeNothing)) {
      const subject = describeApplications(applications)
      return { error: loadError({ code, application: undefined, subject, summary, traceback }) }
    }
    const { group, application } = current
    const failure = { code, application, summary, traceback, ended: true } as const
    return { error: loadError(failure), ended: { group, failure } }
  }

  /** The application that it must have been loading, because it has no other. */
  get #onlyOne(): Loading | undefined {
    const [group, ...others] = this.embeddedGroups
    const [application, ...more] = group?.applications ?? []
    if (group === undefined || application === undefined || others.length + more.length > 0)
      return undefined
    return { group: group.name, application: application.name }
  }

  protected async readRest(): Promise<void> {
    const open = this.#streams.filter((stream) => !stream.closed)
    const told = this.#child.connected ? [once(this.#child, 'disconnect')] : []
    await Promise.all([...told, ...open.map((stream) => once(stream, 'close'))])
  }

  protected release(): void {
    this.served = this.#sockets.counts.release(this.#place)
    for (const stream of this.#streams) stream.destroy()
    if (this.#child.connected) this.#child.disconnect()
  }

  protected tellUnhealthy(cause: Cause): void {
    this.#listener.onUnhealthy(this, cause)
  }

  protected tellDue(cause: Cause): void {
    this.#listener.onDue(this, cause)
  }

  protected tellExit(exit: ProcessExit): void {
    this.#listener.onExit(this, { ...exit, lastOutput: this.log.last })
  }

  #takeReports(lines: string, logger: ServerLogger): void {
    for (const report of parseReports(lines))
      if (this.#loading.take(report)) this.noteProgress()
      else if (report['type'] === 'changed') this.#listener.onChanged(this, describeChange(report))
      else if (!this.#loading.locate(report)) writeReport(report, this.label, logger)
  }

  #send(message: MessageToReplica): void {
    // A message that cannot be sent does not matter, because the end of the process is reported anyway.
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
        this.fail({
          error: new TaipanError(message.code, message.message, { cause: message.detail }),
        })
        return
      case 'due':
        this.declareDue(message.cause)
        return
      case 'leaving':
        this.leave('was asked to end from outside')
        return
      case 'counts':
        this.#listener.onCountsChange(this)
        return
      case 'news':
        this.#listener.onNews(message.news)
        return
      case 'status':
        this.measured = message.measured ?? []
        this.#statuses.take(message.id, message)
        return
      case 'measured':
        this.measured = message.measured
        return
      case 'scriptChanged':
        this.#listener.onScriptChange(this, message.path)
        return
      case 'closed':
        this.#closings.take(message.id, true)
        return
      case 'stacks':
        this.#stacks.take(message.id, message.workers)
        return
      case 'pong':
        return
      default:
    }
  }
}
