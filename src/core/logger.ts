/** Facts of a log record; each room uses the same names for the same things. */
export interface LogFields {
  readonly [name: string]: unknown
}

/** Where rooms report what happened. Implemented in `telemetry/`. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
