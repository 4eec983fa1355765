import { Worker as NodeThread } from 'node:worker_threads'
import { loadSystemFfi } from '../native/system-ffi.ts'
import { STOP_ECHO_MS } from '../processes/supervised-process.ts'
import type { Cause } from '../processes/cause.ts'
import type { ServiceNews } from '../processes/supervisor-log.ts'
import { EVICTION } from '../backends/group/due.ts'
import { reportToParent } from '../backends/embedded/python.ts'
import { TaipanError } from '../core/errors.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import { GivenCertificates } from '../streams/tls/given-certificates.ts'
import { findMetrics } from './observers.ts'
import { openReplicaLogs } from './open-logs.ts'
import { loadRouteFunctions } from './load-route-functions.ts'
import { collectWhenIdle } from './idle-collection.ts'
import type { ServerPlan } from './config/resolved.ts'
import { PlannedServer } from './server.ts'
import { Occupancy } from '../replicas/occupancy.ts'
import { COUNTS_BYTES } from '../replicas/connection-counts.ts'
import type { MessageFromReplica, MessageToReplica, StartMessage } from '../replicas/messages.ts'
import { isMessageToReplica, LIFELINE } from '../replicas/messages.ts'
import { chooseReplicaPatience } from '../replicas/patience.ts'
import { SharedListener } from '../replicas/shared-listener.ts'

// File descriptors: see startReplica. Node opens its own with close-on-exec.
const RECORDS = 3
const COUNTS = 6
const FIRST_SOCKET = 7
// Time for a last request on idle connections when this process is replaced.
const IDLE_GRACE_MS = 1000
// Grace period after the end of the parent process.
const ORPHAN_MS = 2000

let server: PlannedServer | undefined
let groups: ServerPlan['groups'] = []
let logger: ServerLogger | undefined
let occupancy: Occupancy | undefined
const listeners: SharedListener[] = []
let certificates: GivenCertificates | undefined
let leaving: Promise<void> | undefined
/** The limit that this process has reached. */
let due: RestartReason | undefined
let leftAt = 0

process.on('message', (message) => {
  if (isMessageToReplica<ServerPlan>(message)) take(message)
})
process.on('disconnect', () => {
  setTimeout(() => process.exit(1), ORPHAN_MS)
  // After the end of Python. This process leads a process group, so its children are killed, too.
  process.on('exit', () => process.kill(-process.pid, 'SIGKILL'))
  void leave(0)
})
// These signals concern the whole server, and the parent has received them, too.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
process.on('SIGUSR1', () => askForSuccessor(EVICTION))
for (const signal of ['SIGTERM', 'SIGQUIT'] as const) process.on(signal, endSoon)

function endSoon(): void {
  if (leaving !== undefined) {
    // A signal that went to all processes has also reached the parent, whose message has arrived by then.
    if (performance.now() - leftAt > STOP_ECHO_MS) process.exit(143)
    return
  }
  // This process will end. Its workers may have got the signal, too, and must not be replaced.
  server?.prepareStop()
  tell({ type: 'leaving' })
}

/** The first reason counts. */
function askForSuccessor(cause: Cause): void {
  due ??= cause.reason
  tell({ type: 'due', cause })
}

function take(message: MessageToReplica<ServerPlan>): void {
  switch (message.type) {
    case 'start':
      void start(message)
      return
    case 'open':
      void open()
      return
    case 'counts':
      occupancy?.compare()
      return
    case 'refresh':
      server?.refreshPages(message.version)
      return
    case 'certificates':
      certificates?.replace(message.material)
      return
    case 'ping':
      tell({ type: 'pong' })
      return
    case 'askStatus':
      void tellStatus(message.id)
      return
    case 'askStacks':
      void tellStacks(message.id)
      return
    case 'close':
      void closeListeners(message.id)
      return
    case 'retire':
      void leave(IDLE_GRACE_MS)
      return
    case 'stop':
      void leave(0)
      return
    default:
  }
}

async function start(message: StartMessage<ServerPlan>): Promise<void> {
  const { plan, log, pageVersion, material } = message
  groups = plan.groups
  if (material !== undefined) certificates = new GivenCertificates(material)
  const logs = await openReplicaLogs(log, RECORDS)
  logger = logs.logger
  const loggers = {
    logger,
    accessLog: logs.accessLog,
    metrics: await findMetrics(plan),
    startIsTold: true,
    tell: (news: ServiceNews) => tell({ type: 'news', news }),
    replaceProcess: askForSuccessor,
    onScriptChange: (path: string) => tell({ type: 'scriptChanged', path }),
    pageVersion,
  }
  reportToParent(LIFELINE)
  try {
    const whole = { ...plan, ...(await loadRouteFunctions(plan)) }
    server = new PlannedServer(whole, loggers, {
      addresses: await createListeners(message),
      certificates,
    })
    await server.start()
  } catch (error) {
    if (leaving === undefined) await fail(error)
    return
  }
  server.onFull((full) => occupancy?.setFull(full))
  // Log records of the start must be sent before the message that it is complete.
  await logger.written()
  tellServed('ready', server)
  server.onFindings(() => server && tellServed('findings', server))
  const ffi = await loadSystemFfi()
  await collectWhenIdle({
    countExchanges: () => server?.exchanges ?? 0,
    onCollected: () => ffi.releaseMemory(),
  })
}

function tellServed(type: 'ready' | 'findings', { findings, failures }: PlannedServer): void {
  tell({ type, findings, failures })
}

async function tellStatus(id: number): Promise<void> {
  if (server === undefined) return
  const { appStatus: status, exchanges } = server
  const [measured] = await server.measure()
  tell({ type: 'status', id, status, exchanges, measured })
}

async function tellStacks(id: number): Promise<void> {
  tell({ type: 'stacks', id, workers: (await server?.stacks()) ?? [] })
}

async function createListeners({
  plan,
  urls,
  place,
}: StartMessage<ServerPlan>): Promise<ListenAddress[]> {
  const ffi = await loadSystemFfi()
  // What runs on Node's thread holds up the accepting itself.
  const usesThreads = plan.groups.every(({ group }) => group.threads > 0)
  const shared = new Occupancy({
    memory: ffi.mapMemory(COUNTS, COUNTS_BYTES),
    place,
    onChange: () => tell({ type: 'counts' }),
    countIdle: () => (usesThreads ? (server?.idle ?? Infinity) : Infinity),
  })
  occupancy = shared
  const descriptors = urls.map((_, index) => FIRST_SOCKET + index)
  watchParent(descriptors)
  return urls.map((url, index) => {
    const descriptor = descriptors[index] ?? -1
    const { backlog, ...address } = plan.addresses[index] ?? {}
    const source = new SharedListener({ descriptor, url, backlog, ffi, occupancy: shared })
    listeners.push(source)
    return { ...address, kind: 'source', source }
  })
}

async function closeListeners(id: number): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()))
  tell({ type: 'closed', id })
}

async function open(): Promise<void> {
  try {
    await server?.open()
  } catch (error) {
    if (leaving !== undefined) return
    const reason = error instanceof Error ? error.message : String(error)
    logger?.error({}, `cannot accept connections: ${reason}`)
    tell({ type: 'leaving' })
  }
}

async function fail(error: unknown): Promise<void> {
  const known = error instanceof TaipanError
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const cause = known && typeof error.cause === 'string' ? error.cause : ''
  tell({
    type: 'failed',
    code: known ? error.code : 'INTERNAL',
    message: known ? error.message : text,
    detail: cause,
  })
  await leave(0)
}

/** Stops gracefully: running requests, lifespans, atexit handlers; then exits. */
function leave(idleGrace: number): Promise<void> {
  if (leaving === undefined) {
    leftAt = performance.now()
    leaving = end(idleGrace)
  }
  return leaving
}

async function end(idleGrace: number): Promise<void> {
  try {
    await server?.stop(idleGrace, due && chooseReplicaPatience(due, groups))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger?.error({}, `the stop failed: ${reason}`)
  }
  await tellMeasured()
  await logger?.close()
  process.exit(0)
}

/** Resolves when the parent can read it. */
async function tellMeasured(): Promise<void> {
  const [measured] = (await server?.measure()) ?? []
  if (measured === undefined) return
  await new Promise<void>((resolve) => tell({ type: 'measured', measured }, resolve))
}

function tell(message: MessageFromReplica, onSent = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, onSent)
  else onSent()
}

/** Watches the parent process in another thread, because Python may block this one. */
function watchParent(sockets: readonly number[]): void {
  new NodeThread(new URL('../replicas/lifeline.js', import.meta.url), {
    // Otherwise its output would go through this thread's streams, which make fds 1 and 2 non-blocking for Python.
    stdout: true,
    stderr: true,
    workerData: sockets,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  }).unref()
}
