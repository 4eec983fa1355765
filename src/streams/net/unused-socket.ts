import { Socket } from 'node:net'

/** A socket that is never connected, where an interface demands one. */
export const UNUSED_SOCKET = new Socket()
