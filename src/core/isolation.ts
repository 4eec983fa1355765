/**
 * How requests are kept apart in Python: in the threads of warm processes, one at a time in a warm sub-interpreter or a warm
 * process, or each in a new process that is forked from a warm one.
 */
export const ISOLATIONS = ['shared', 'interpreter', 'process', 'fresh'] as const

/** One of `ISOLATIONS`. */
export type Isolation = (typeof ISOLATIONS)[number]
