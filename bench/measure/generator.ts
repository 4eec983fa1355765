import { startChild, stopChild, type Program } from './children.ts'

/** Time beyond the load's own, in ms. */
const GRACE = 15_000

/** Runs a load generator to its end, or stops it when it takes far too long; what it has written. */
export async function runGenerator(program: Program, seconds: number): Promise<string> {
  const child = startChild(program)
  let output = ''
  child.stdout?.on('data', (piece: unknown) => (output += String(piece)))
  child.stderr?.on('data', (piece: unknown) => (output += String(piece)))
  const timer = setTimeout(() => void stopChild(child), seconds * 1000 + GRACE)
  try {
    await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  } finally {
    clearTimeout(timer)
  }
  return output
}
