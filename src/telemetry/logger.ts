import { createRequire } from 'node:module'
import type * as pinoModule from 'pino'
import type { LogFields, Logger } from '../core/logger.ts'
import { LineSink, type LogDestination } from './line-sink.ts'
import { createPalette } from './palette.ts'
import { formatPretty, type RecordLevel } from './pretty.ts'
import type { RecordDestination } from './record-place.ts'

/** Records below the level are not written; `silent` writes none. */
export type LogLevel = Exclude<RecordLevel, 'output'> | 'silent'

/** `pretty` for people, `json` for programs: one JSON object per line. */
export type LogFormat = 'pretty' | 'json'

/** How and where to write records. */
export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  /**
   * A file descriptor, or an object that accepts lines or records; records have no format.
   * @default 1
   */
  readonly destination?: number | LogDestination | RecordDestination | undefined
  /**
   * Use colours in pretty records.
   * @default false
   */
  readonly colors?: boolean | undefined
}

/** The logger of a server, with operations for its owner. */
export interface ServerLogger extends Logger {
  /** Whether records of this level are written, so that callers can avoid work. */
  isEnabled(level: RecordLevel): boolean
  /** Writes a message whatever the level: the bare text in pretty form, else a record with `fields`. */
  announce(message: string, fields?: LogFields): void
  /** Writes lines that the logger of another process has formatted. */
  relay(lines: string): void
  /** Writes what is buffered before it returns. */
  flush(): void
  /** Resolves when everything is written, or after a second. */
  written(): Promise<void>
  /** As `written`; for the end of the process. */
  close(): Promise<void>
}

// Output is written at every level but `silent`.
const RANKS = { debug: 20, info: 30, warn: 40, error: 50, output: 60, silent: 100 } as const

/** Makes a logger. It writes asynchronously except in `flush` and at the end of the process. */
export function createLogger(options: LoggerOptions): ServerLogger {
  const { destination = 1, level: least } = options
  const output = createOutput(destination, () => logger)
  const emit = createWriter(options, output)
  const threshold = RANKS[least]
  const log = (level: RecordLevel, fields: LogFields, message: string): void => {
    if (RANKS[level] >= threshold) emit.record(level, fields, message)
  }
  const logger: ServerLogger = {
    debug: (fields, message) => log('debug', fields, message),
    info: (fields, message) => log('info', fields, message),
    warn: (fields, message) => log('warn', fields, message),
    error: (fields, message) => log('error', fields, message),
    output: (fields, message) => log('output', fields, message),
    isEnabled: (level) => RANKS[level] >= threshold,
    announce: (message, fields = {}) => emit.announce(message, fields),
    relay: (lines) => output.write(lines),
    flush: () => output.flush?.(),
    written: async () => await output.written?.(),
    close: async () => await output.close?.(),
  }
  return logger
}

/** Takes lines, and what is left of them at the end. */
interface Output extends LogDestination {
  flush?(): void
  written?(): Promise<void>
  close?(): Promise<void>
}

function createOutput(
  destination: NonNullable<LoggerOptions['destination']>,
  getLogger: () => Logger,
): Output {
  if (typeof destination === 'number') return createSink(destination, getLogger)
  if (!('record' in destination)) return destination
  return {
    write: (lines) => {
      for (const line of lines.split('\n')) if (line !== '') destination.record('info', {}, line)
    },
    flush: () => destination.flush(),
    close: async () => {
      destination.flush()
      await destination.close()
    },
  }
}

function createWriter(options: LoggerOptions, output: Output): RecordWriter {
  const { destination, format } = options
  if (typeof destination === 'object' && 'record' in destination)
    return {
      record: (level, fields, message) => destination.record(level, fields, message),
      announce: (message, fields) => destination.record('info', fields, message),
    }
  const write = (lines: string): void => output.write(lines)
  return format === 'json' ? createJsonWriter(write) : createPrettyWriter(options, write)
}

interface RecordWriter {
  record(level: RecordLevel, fields: LogFields, message: string): void
  announce(message: string, fields: LogFields): void
}

function createSink(fd: number, getLogger: () => Logger): LineSink {
  return new LineSink(fd, (count) => {
    getLogger().warn({ dropped: count }, 'log lines were dropped because their reader is too slow')
  })
}

const require = createRequire(import.meta.url)

function createJsonWriter(write: (lines: string) => void): RecordWriter {
  // Loaded here, because pretty records need none of its modules.
  const { pino }: typeof pinoModule = require('pino')
  const json = pino(
    {
      level: 'debug',
      customLevels: { output: RANKS.output },
      base: null,
      timestamp: formatTimestamp,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
  return {
    record: (level, fields, message) => json[level](fields, message),
    announce: (message, fields) => json.info(fields, message),
  }
}

function createPrettyWriter(options: LoggerOptions, write: (lines: string) => void): RecordWriter {
  const palette = createPalette(options.colors ?? false)
  return {
    record: (level, fields, message) =>
      write(formatPretty({ time: Date.now(), level, fields, message }, palette)),
    announce: (message) => write(`${message}\n`),
  }
}

let stampTime = 0
let stampText = ''

function formatTimestamp(): string {
  const now = Date.now()
  if (now !== stampTime) {
    stampTime = now
    stampText = `,"time":"${new Date(now).toISOString()}"`
  }
  return stampText
}
