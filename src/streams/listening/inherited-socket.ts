import { fstatSync, readFileSync } from 'node:fs'

/** Whether a descriptor that this process has inherited is a listening socket. False where the system does not tell, which only Linux does. */
export function isListeningSocket(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor, { bigint: true })
    if (!found.isSocket()) return false
    const inode = String(found.ino)
    return TABLES.some(({ file, isListening }) =>
      readLines(file).some((columns) => isListening(columns, inode)),
    )
  } catch {
    return false
  }
}

interface Table {
  readonly file: string
  /** Whether the columns of a line are of the listening socket with an inode. */
  readonly isListening: (columns: readonly string[], inode: string) => boolean
}

/** `TCP_LISTEN` and `__SO_ACCEPTCON` of Linux. */
const TCP_LISTEN = '0A'
const ACCEPTS = 0x1_00_00

const TCP: Table['isListening'] = (columns, inode) =>
  columns[9] === inode && columns[3] === TCP_LISTEN

const TABLES: readonly Table[] = [
  { file: '/proc/self/net/tcp', isListening: TCP },
  { file: '/proc/self/net/tcp6', isListening: TCP },
  {
    file: '/proc/self/net/unix',
    isListening: (columns, inode) =>
      columns[6] === inode && (Number.parseInt(columns[3] ?? '', 16) & ACCEPTS) !== 0,
  },
]

function readLines(file: string): string[][] {
  return readFileSync(file, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}
