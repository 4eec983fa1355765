/** Highlights text; each function returns it with or without colour. */
export interface Palette {
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
  cyan(text: string): string
}

/** A palette with terminal colours, or without. */
export function createPalette(colors: boolean): Palette {
  return {
    dim: paint(colors, 2),
    red: paint(colors, 31),
    yellow: paint(colors, 33),
    green: paint(colors, 32),
    cyan: paint(colors, 36),
  }
}

function paint(colors: boolean, code: number): (text: string) => string {
  return colors ? (text) => text && `\x1b[${code}m${text}\x1b[0m` : (text) => text
}

/**
 * Whether to use colours, as Node decides it: FORCE_COLOR says so for any output, else NO_COLOR and NODE_DISABLE_COLORS
 * forbid them, else it is for the terminal.
 */
export function resolveColors(
  environment: Readonly<Record<string, string | undefined>>,
  terminal: boolean,
): boolean {
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined) return ['', 'true', '1', '2', '3'].includes(forced)
  if (environment['NO_COLOR'] || environment['NODE_DISABLE_COLORS']) return false
  return terminal && environment['TERM'] !== 'dumb'
}
