import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { TaipanError } from '../../core/errors.ts'
import { createLogger, type ServerLogger } from '../../telemetry/logger.ts'
import { PlannedServer } from '../server.ts'
import { HandedDoors } from './handed-doors.ts'
import type { MessageFromReplica, MessageToReplica, StartMessage } from './messages.ts'
import { isMessageToReplica } from './messages.ts'

// File descriptor of the log: see startReplica.
const RECORDS = 3
// Clients that are idle when this process is replaced may have a last request answered within so long.
const IDLE_GRACE_MS = 1000
// Connections that have ended are told together.
const CLOSED_MS = 50
// What is left to do when the parent has gone.
const ORPHAN_MS = 2000

let doors = new HandedDoors([])
let server: PlannedServer | undefined
let logger: ServerLogger | undefined
let leaving: Promise<void> | undefined
let closed = 0
let closedTimer: NodeJS.Timeout | undefined

process.on('message', (message, handle) => {
  if (isMessageToReplica(message)) take(message, handle)
})
process.on('disconnect', () => {
  setTimeout(() => process.exit(1), ORPHAN_MS)
  void leave(0)
})
// A person means the whole server, and its parent has had them, too.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('SIGTERM', () => {
  if (leaving !== undefined) process.exit(143)
  tell({ type: 'leaving' })
})
watchParent()

function take(message: MessageToReplica, handle: unknown): void {
  switch (message.type) {
    case 'start':
      void start(message)
      return
    case 'connection':
      takeConnection(handle, message.door)
      return
    case 'ping':
      tell({ type: 'pong' })
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

function takeConnection(handle: unknown, door: number): void {
  tell({ type: 'clients', taken: 1, closed })
  closed = 0
  // A client that has left already leaves no handle.
  if (handle instanceof Socket) {
    handle.once('close', noteClosed)
    doors.receive(handle, door)
  } else noteClosed()
}

function noteClosed(): void {
  closed += 1
  closedTimer ??= setTimeout(() => {
    closedTimer = undefined
    if (closed > 0) tell({ type: 'clients', taken: 0, closed })
    closed = 0
  }, CLOSED_MS).unref()
}

async function start({ plan, urls, log }: StartMessage): Promise<void> {
  const { level, format, colors, access } = log
  logger = createLogger({ level, format, colors, destination: RECORDS })
  doors = new HandedDoors(urls)
  const loggers = { logger, accessLog: access ? logger : undefined }
  server = new PlannedServer(plan, loggers, doors.addresses)
  try {
    await server.start()
  } catch (error) {
    if (leaving === undefined) await fail(error)
    return
  }
  const { findings } = server
  const works = plan.groups.every(({ group }) => findings[group.name] !== undefined)
  tell({ type: 'ready', works, findings })
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

/** Ends in order: running requests, lifespans, atexit handlers. */
function leave(idleGrace: number): Promise<void> {
  leaving ??= end(idleGrace)
  return leaving
}

async function end(idleGrace: number): Promise<void> {
  try {
    await server?.stop(idleGrace)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger?.error({}, `the stop was not clean: ${reason}`)
  }
  await logger?.close()
  process.exit(0)
}

function tell(message: MessageFromReplica): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

/** By a thread of its own: Python may hold this one. */
function watchParent(): void {
  new Worker(new URL('lifeline.js', import.meta.url), {
    // Else its output would go through that of this thread, which would make fds 1 and 2 non-blocking for Python.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  }).unref()
}
