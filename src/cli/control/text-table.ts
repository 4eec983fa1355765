/** Lines of a table whose columns are as wide as their longest cell; those of numbers are on the right. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const [head = []] = rows
  const columns = head.map((_, at) => rows.map((row) => row[at] ?? ''))
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)))
  const areNumbers = columns.map((cells) =>
    cells.slice(1).every((cell) => /^[\d.]*( \w+)*$/.test(cell)),
  )
  return rows.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0
        return areNumbers[at] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
