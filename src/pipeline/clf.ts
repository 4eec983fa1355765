import { parseTimeFormat } from './strftime.ts'

/** Times of the common log format, for `strftime`. */
export const CLF_TIME = '[%d/%b/%Y:%T %z]'

const formatTime = parseTimeFormat(CLF_TIME)
const LETTERS: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
  '"': '"',
  '\\': '\\',
}

/** Escapes what a client has sent as Apache's `ap_escape_logitem` does; one character per byte. */
export function escapeLogItem(text: string): string {
  return text.replaceAll(/[^ -~]|["\\]/g, (character) => {
    const letter = LETTERS[character]
    return `\\${letter ?? `x${character.charCodeAt(0).toString(16).padStart(2, '0')}`}`
  })
}

let lastSecond = NaN
let lastText = ''

/** Local time as in the common log format: `[10/Oct/2000:13:55:36 -0700]`. */
export function formatClfTime(time: number): string {
  const second = Math.floor(time / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = formatTime(new Date(time))
  }
  return lastText
}
