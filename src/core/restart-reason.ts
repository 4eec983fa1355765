/** Why processes are replaced or ended while their server goes on, and that none was. */
export const NO_RESTARTS = {
  /** It did not become ready. */
  startup: 0,
  /** It ended by itself, or lost a connection to Node. */
  crash: 0,
  /** A signal from outside, or its application, has asked it to end. */
  terminated: 0,
  /** It was silent, because something holds the GIL, or because it does not run. */
  deadlock: 0,
  /** A request did not end even after it was interrupted. */
  request_timeout: 0,
  /** It has answered as many requests as it may. */
  maximum_requests: 0,
  /** It is as old as it may be. */
  restart_interval: 0,
  /** Its group had no requests for a while. */
  inactivity: 0,
  /** An operator has sent it SIGUSR1. */
  eviction: 0,
  /** It has used as much time of a processor as it may. */
  cpu_time: 0,
  /** Its memory is above the soft limit. */
  memory: 0,
  reload: 0,
  /** Another process serves more applications. */
  repair: 0,
  /** What it was started for is done. */
  finished: 0,
  /** Fewer processes are wanted. */
  scale: 0,
}

/** Stable name of why a process was replaced or ended, as in metrics. */
export type RestartReason = keyof typeof NO_RESTARTS

/** How many processes were replaced or ended, by reason. */
export type RestartCounts = Readonly<Record<RestartReason, number>>

/** The counts of several supervisors. */
export function addRestarts(parts: readonly RestartCounts[]): RestartCounts {
  const sum = { ...NO_RESTARTS }
  for (const part of parts) for (const reason of REASONS) sum[reason] += part[reason]
  return sum
}

const REASONS = Object.keys(NO_RESTARTS).filter(isReason)

function isReason(name: string): name is RestartReason {
  return name in NO_RESTARTS
}
