/** Fields of a log record; all rooms use the same names for the same facts. */
export interface LogFields {
  readonly [name: string]: unknown
}

/** Destination of log records. Implemented in `telemetry/`. */
export interface Logger {
  /** What applications print, which has no level of its own. */
  output(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
