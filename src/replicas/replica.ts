import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { abort, endGroup, killTree, terminate } from '../processes/terminate.ts'
import { describeEnd } from '../processes/describe-end.ts'
import { endsWithin } from '../processes/ends-within.ts'
import type { Force, HostOutput, WorkerEnd } from '../backends/group/host.ts'
import { STOP_ECHO_MS } from '../backends/group/host.ts'
import { describeApplications } from '../backends/group/load-failure.ts'
import { ProcessLog } from '../processes/process-log.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { GroupFailures } from '../server/app.ts'
import type { GroupPlan, ServerPlan } from '../server/config/resolved.ts'
import type { Doors } from './doors.ts'
import { relayLines } from './line-relay.ts'
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
// A forked grandchild may hold the far ends open for ever; what the replica itself wrote is there at once.
const DRAIN_MS = 250

/** How a replica ended. */
export interface ReplicaExit extends WorkerEnd {
  /** What it printed last. */
  readonly lastOutput: readonly string[]
  /** It never served, which is told by `loaded`, or was asked to end and did so, or was made to. */
  readonly expected: boolean
}

/** What a replica tells the one who keeps it. */
export interface ReplicaListener {
  /** The others should look at the connection counts. */
  onCountsChange(replica: Replica): void
  /** Applications can be served that could not be, or the other way round. */
  onFindings(replica: Replica): void
  /** It must be replaced; it still runs. */
  onUnfit(replica: Replica, reason: string): void
  /** Called once, after all it had sent was read. */
  onExit(replica: Replica, exit: ReplicaExit): void
}

/** What a replica is made of. */
export interface ReplicaOptions {
  /** What it carries out. */
  readonly plan: ServerPlan
  readonly doors: Doors
  readonly log: LogSettings
  readonly logger: ServerLogger
  readonly listener: ReplicaListener
}

/** Starts a Node process that carries out a plan. Rejects with `INTERNAL` when the system refuses. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { doors } = options
  const embedded = options.plan.groups.find(({ group }) => group.engine === 'embedded')?.group
  try {
    const child = spawn(process.execPath, PROGRAM, {
      // 3 brings its log lines; 4 brings nothing, and ends with this process.
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        'pipe',
        'pipe',
        'ipc',
        doors.counts.descriptor,
        ...doors.descriptors,
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

/** One Node process with Python inside, seen from its parent. */
export class Replica {
  readonly pid: number
  /** `group/pid`, as its own records name it. */
  readonly label: string
  /** `performance.now()` */
  readonly startedAt = performance.now()
  /** Settles once: undefined when it serves, else why it does not. */
  readonly loaded: Promise<TaipanError | undefined>
  readonly exited: Promise<void>
  /** When it was last heard of. */
  heardAt = performance.now()
  /** Connections it has taken, once it has ended. */
  served = 0
  findings: GroupFindings = {}
  /** Why groups cannot be served, by their names. */
  failures: GroupFailures = {}
  /** Names of the groups with Python inside it; the others have processes of their own, which they look after. */
  readonly embeddedGroups: readonly GroupPlan['group'][]
  readonly #child: ChildProcess
  readonly #listener: ReplicaListener
  readonly #log: ProcessLog
  readonly #streams: readonly Readable[]
  readonly #doors: Doors
  readonly #subject: string
  readonly #place: number | undefined
  #settleLoaded: (failure: TaipanError | undefined) => void = () => {}
  #settleExited: () => void = () => {}
  #ready = false
  #ended = false
  #unfit = false
  #forced = false
  #stopping: Promise<Force> | undefined
  /** Resolves when nothing that it has started is left of its process group. */
  #alone: Promise<void> | undefined

  constructor(child: ChildProcess, options: ReplicaOptions) {
    this.#child = child
    this.#listener = options.listener
    this.#doors = options.doors
    this.#place = options.doors.counts.claim()
    this.pid = child.pid ?? 0
    const groups = options.plan.groups.map(({ group }) => group)
    const embedded = groups.filter(({ engine }) => engine === 'embedded')
    const own = embedded[0] ?? groups[0]
    this.embeddedGroups = embedded
    this.#subject = describeApplications(groups.flatMap(({ applications }) => applications))
    this.label = `${own?.name ?? 'node'}/${this.pid}`
    this.loaded = new Promise((resolve) => {
      this.#settleLoaded = resolve
    })
    this.exited = new Promise((resolve) => {
      this.#settleExited = resolve
    })
    const [, stdout, stderr, records, lifeline] = child.stdio
    this.#streams = [stdout, stderr, records, lifeline].filter((one) => one instanceof Readable)
    for (const stream of this.#streams) stream.on('error', () => {})
    this.#log = new ProcessLog(options.logger, this.label, listOutputs(child))
    if (records instanceof Readable) relayLines(records, (lines) => options.logger.relay(lines))
    child.on('message', (message) => {
      if (isMessageFromReplica(message)) this.#onMessage(message)
    })
    child.on('error', () => {})
    child.once('exit', (code, signal) => {
      this.#alone = endGroup(this.pid)
      void this.#onExit({ code, signal })
    })
    const { plan, doors, log } = options
    this.#send({ type: 'start', plan, urls: doors.urls, log, place: this.#place })
  }

  /** It serves and has not been asked to end. */
  get ready(): boolean {
    return this.#ready && !this.#ended && this.#stopping === undefined
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

  /** It is still on its way to serve. */
  get starting(): boolean {
    return !this.#ready && !this.#ended && this.#stopping === undefined
  }

  /** Lets it accept connections. */
  open(): void {
    this.#send({ type: 'open' })
  }

  /** Has it look at the connection counts. */
  showCounts(): void {
    if (this.ready) this.#send({ type: 'counts' })
  }

  /** Ends it: asks, with `gently` so that idle clients may have a last request answered, waits `grace` ms, then uses force. */
  stop(grace: number, gently = false): Promise<Force> {
    this.#stopping ??= this.#terminate(grace, gently)
    return this.#stopping
  }

  /** Ends it at once, with what it has started. */
  kill(): void {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) killTree(this.pid)
  }

  /** Ends one that does not answer. May be called often. */
  abort(): void {
    if (this.#forced) return
    this.#forced = true
    void abort(this.pid, this.exited)
  }

  ping(): void {
    this.#send({ type: 'ping' })
  }

  /** Never became ready within its time: ends it and says so. */
  failStart(summary: string): void {
    this.#fail(summary)
    void this.stop(0)
  }

  /** Marks it as one that must be replaced, and tells its keeper, once. */
  declareUnfit(reason: string): void {
    if (this.#unfit || !this.ready) return
    this.#unfit = true
    this.#listener.onUnfit(this, reason)
  }

  async #terminate(grace: number, gently: boolean): Promise<Force> {
    const force = await terminate(this.pid, {
      grace,
      askToStop: () => this.#send({ type: gently ? 'retire' : 'stop' }),
      beforeForce: () => {
        this.#forced = true
      },
      exited: this.exited,
    })
    await this.#alone
    return force
  }

  #send(message: MessageToReplica): void {
    // What cannot be sent is lost with the process, whose end is reported by itself.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #onMessage(message: MessageFromReplica): void {
    this.heardAt = performance.now()
    switch (message.type) {
      case 'ready':
        this.#ready = true
        this.findings = message.findings
        this.failures = message.failures
        this.#settleLoaded(undefined)
        return
      case 'findings':
        this.findings = message.findings
        this.failures = message.failures
        this.#listener.onFindings(this)
        return
      case 'failed':
        this.#settleLoaded(
          new TaipanError(message.code, message.message, { cause: message.detail }),
        )
        return
      case 'leaving':
        setTimeout(() => this.declareUnfit('was asked to end from outside'), STOP_ECHO_MS).unref()
        return
      case 'counts':
        this.#listener.onCountsChange(this)
        return
      case 'pong':
        return
      default:
    }
  }

  #fail(summary: string): void {
    const message = `${this.#subject} could not be loaded: ${summary}`
    const detail = this.#log.last.join('\n')
    this.#settleLoaded(new TaipanError('APPLICATION_LOAD', message, { cause: detail || message }))
  }

  async #onExit(end: WorkerEnd): Promise<void> {
    const open = this.#streams.filter((stream) => !stream.closed)
    await endsWithin(Promise.all(open.map((stream) => once(stream, 'close'))), DRAIN_MS)
    this.#ended = true
    this.served = this.#doors.counts.release(this.#place)
    for (const stream of this.#streams) stream.destroy()
    if (this.#child.connected) this.#child.disconnect()
    this.#log.flush()
    this.#fail(`the worker ended with ${describeEnd(end)} before it was ready`)
    this.#settleExited()
    this.#listener.onExit(this, {
      ...end,
      lastOutput: this.#log.last,
      expected: this.#isExpected(end),
    })
  }

  #isExpected({ code, signal }: WorkerEnd): boolean {
    if (!this.#ready || this.#forced) return true
    return this.#stopping !== undefined && signal === null && code === 0
  }
}

function listOutputs({ stdout, stderr }: ChildProcess): HostOutput[] {
  const outputs: HostOutput[] = []
  if (stdout !== null) outputs.push({ name: 'stdout', stream: stdout })
  if (stderr !== null) outputs.push({ name: 'stderr', stream: stderr })
  return outputs
}
