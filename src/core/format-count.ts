/** A number with its noun: `1 request`, `2 processes`. */
export function formatCount(number: number, noun: string): string {
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`
  return `${number} ${number === 1 ? noun : plural}`
}
