/** Options of sockets that find hosts which are gone without having closed their connections. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 } as const
