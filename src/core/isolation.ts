/** How requests are kept apart in Python: in the threads of warm processes, or one at a time in a warm process. */
export const ISOLATIONS = ['shared', 'process'] as const

/** One of `ISOLATIONS`. */
export type Isolation = (typeof ISOLATIONS)[number]
