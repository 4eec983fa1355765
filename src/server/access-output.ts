import type { AccessLogSettings, LogSettings } from '../replicas/messages.ts'
import { LineSink, type LogDestination } from '../telemetry/line-sink.ts'
import { LogFile } from '../telemetry/log-file.ts'
import { createLogger, type LogFormat, type ServerLogger } from '../telemetry/logger.ts'
import { openPlace } from './open-place.ts'

/** Before lines of requests that a replica sends to its parent process, which has their file: no text begins so. */
const MARK = '\u001E'

/** Where records of requests go: the log, or a place of their own. */
export interface AccessOutput {
  readonly logger: ServerLogger
  /** Opens the file anew. */
  reopen(): void
  /** The logger of everything, which takes lines of requests of replicas, too, and closes this. */
  join(logger: ServerLogger): ServerLogger
}

/** Opens the place for records of requests. Rejects with `CONFIG_INVALID` if it cannot be written, or `NATIVE_CALLS`. */
export async function openAccessOutput(
  settings: LogSettings,
  logger: ServerLogger,
): Promise<AccessOutput> {
  const { access } = settings
  const format = chooseFormat(settings)
  if (access?.file !== undefined) return openFile({ ...access, file: access.file }, format, logger)
  const destination = access?.to === undefined ? undefined : await openPlace(access.to)
  const isOwn = destination !== undefined
  const plain = { reopen: () => {} }
  if (!isOwn && format === settings.format) return { ...plain, logger, join: withoutMarks }
  const own = createLogger({
    level: isOwn ? 'info' : settings.level,
    format,
    destination: destination ?? relayTo(logger),
  })
  return { ...plain, logger: own, join: (other) => withoutMarks(joinLogger(other, own)) }
}

/** In a replica: what has a file goes to the parent process. */
export async function openReplicaAccessOutput(
  settings: LogSettings,
  logger: ServerLogger,
): Promise<AccessOutput> {
  if (settings.access?.file === undefined) return await openAccessOutput(settings, logger)
  const marked = { write: (lines: string) => logger.relay(MARK + lines) }
  const format = chooseFormat(settings)
  const own = createLogger({ level: 'info', format, destination: marked })
  return { logger: own, reopen: () => {}, join: (same) => same }
}

type FileSettings = AccessLogSettings & { readonly file: string }

function openFile(
  { file: path, rotation }: FileSettings,
  format: LogFormat,
  logger: ServerLogger,
): AccessOutput {
  const file = new LogFile({
    path,
    rotation,
    onProblem: (message) => logger.error({ file: path }, message),
    onRecovered: (message) => logger.info({ file: path }, message),
  })
  const sink = new LineSink(file, (dropped) =>
    logger.warn({ file: path, dropped }, `lines of log file ${path} were dropped`),
  )
  const own = createLogger({ level: 'info', format, destination: sink })
  return {
    logger: own,
    reopen: () => file.reopen(),
    join: (other) => ({
      ...joinLogger(other, sink),
      relay: (lines) => separate(lines, other, sink),
      close: async () => {
        await sink.close()
        file.close()
        await other.close()
      },
    }),
  }
}

/** Lines of requests go to their file, others to the log. */
function separate(lines: string, logger: ServerLogger, file: LogDestination): void {
  if (!lines.includes(MARK)) {
    logger.relay(lines)
    return
  }
  let others = ''
  for (const line of lines.split(/(?<=\n)/))
    if (line.startsWith(MARK)) file.write(line.slice(MARK.length))
    else others += line
  if (others !== '') logger.relay(others)
}

/** Replicas that have begun before a change of the logs may still send lines for a file. */
function withoutMarks(logger: ServerLogger): ServerLogger {
  return { ...logger, relay: (lines) => logger.relay(lines.replaceAll(MARK, '')) }
}

type Flushed = Pick<ServerLogger, 'flush' | 'written' | 'close'>

function joinLogger(logger: ServerLogger, more: Flushed): ServerLogger {
  return {
    ...logger,
    flush: () => {
      more.flush()
      logger.flush()
    },
    written: async () => {
      await Promise.all([more.written(), logger.written()])
    },
    close: async () => {
      await more.close()
      await logger.close()
    },
  }
}

function relayTo(logger: ServerLogger): LogDestination {
  return { write: (lines) => logger.relay(lines) }
}

/** Templates have no format of records. */
function chooseFormat({ format, access }: LogSettings): LogFormat {
  return access?.format === 'json' || access?.format === 'pretty' ? access.format : format
}
