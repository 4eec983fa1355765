import type { ProcessRecord } from '../../processes/process-log.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'
import { parseFindings } from './findings.ts'
import { withOthers, type LoadFailure } from './load-failure.ts'

/** Reads a message of type `failed`. */
export function parseLoadFailure(message: MessageFromWorker): LoadFailure {
  const failure = {
    code: message['code'] === 'PYTHON_START' ? 'PYTHON_START' : 'APPLICATION_LOAD',
    application: textOf(message, 'application') || undefined,
    summary: textOf(message, 'summary', 'unknown reason'),
    traceback: textOf(message, 'traceback'),
  } as const
  return withOthers(failure, parseFindings(message).applications)
}

/** Reads a message of type `log`. */
export function parseLogRecord(message: MessageFromWorker): ProcessRecord {
  const { request, traceback, logger, fields } = message
  return {
    level: textOf(message, 'level', 'info'),
    stream: textOf(message, 'stream', 'worker'),
    text: textOf(message, 'text'),
    request: typeof request === 'string' ? request : undefined,
    traceback: typeof traceback === 'string' ? traceback : undefined,
    logger: typeof logger === 'string' ? logger : undefined,
    fields: typeof fields === 'object' && fields !== null ? { ...fields } : {},
  }
}
