const SHORTEST_TEXT = 3

/**
 * Whether a message tells the value of a field, so that a person needs not read it twice: a text as whole words, perhaps in
 * another case (WSGI and wsgi), a number or a switch beside its name (`4 threads`, `exit code 1`).
 */
export function tells(message: string, name: string, value: unknown): boolean {
  const text = message.toLowerCase()
  if (typeof value === 'string' && !/^\d+(?:\.\d+)?$/.test(value))
    return value.length >= SHORTEST_TEXT && hasWhole(text, value.toLowerCase())
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return false
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
  const singular = words.replace(/(?<=ss)es$|s$/, '')
  return [words, singular].some(
    (word) => hasWhole(text, `${value} ${word}`) || hasWhole(text, `${word} ${value}`),
  )
}

/** Whether the text has the part, and not as a piece of a longer word, number or path. */
function hasWhole(text: string, part: string): boolean {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1))
    if (endsFree(text.slice(0, at)) && beginsFree(text.slice(at + part.length))) return true
  return false
}

function endsFree(before: string): boolean {
  return !/[\w/]$|\w[.:-]$/.test(before)
}

function beginsFree(after: string): boolean {
  return !/^(?:[\w/]|[.:-]\w)/.test(after)
}
