/** Where all copies of the package @opentelemetry/api find what was registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/** Whether an SDK of OpenTelemetry has registered itself in this process, by `node --import` for example. */
export function hasOpenTelemetry(): boolean {
  const registered: unknown = Reflect.get(globalThis, REGISTRY)
  if (typeof registered !== 'object' || registered === null) return false
  return 'trace' in registered || 'metrics' in registered
}
