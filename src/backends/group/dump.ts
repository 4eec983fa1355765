import { PYTHON_FOLDER } from '../python-script.ts'

const FRAME = /^ {2}File "(?<file>.*)", line /
// What begins every thread.
const OF_ALL = /\/threading\.py$/

/**
 * What Python's crash handler has written about the threads that run code of the application, without frames of Taipan:
 * threads that only wait explain nothing. The whole report if there are none.
 */
export function selectThreads(report: string): string {
  const [title = '', ...threads] = report.split('\n\n')
  const busy = threads
    .map((thread) => thread.split('\n'))
    .filter((lines) => lines.some((line) => isFrame(line) && isForeign(line)))
    .map((lines) => lines.filter((line) => !isFrame(line) || isForeign(line)).join('\n'))
  return busy.length === 0 ? report : [title, ...busy].join('\n\n').trimEnd()
}

function isFrame(line: string): boolean {
  return FRAME.test(line)
}

function isForeign(line: string): boolean {
  const file = FRAME.exec(line)?.groups?.['file'] ?? ''
  return !file.startsWith(PYTHON_FOLDER) && !OF_ALL.test(file)
}
