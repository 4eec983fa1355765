import { PYTHON_FOLDER } from '../python-script.ts'

const FRAME = /^ {2}File "(?<file>.*)", line /
// What starts and ends the threads of Taipan itself, too.
const OF_ALL = /\/threading\.py$/

/**
 * What Python's crash handler has written about the threads that run code of the application: those of Taipan that wait
 * explain nothing. The whole report if there are none.
 */
export function selectThreads(report: string): string {
  const [title = '', ...threads] = report.split('\n\n')
  const busy = threads.filter((thread) => thread.split('\n').some(isForeign))
  return busy.length === 0 ? report : [title, ...busy].join('\n\n').trimEnd()
}

function isForeign(line: string): boolean {
  const file = FRAME.exec(line)?.groups?.['file']
  return file !== undefined && !file.startsWith(PYTHON_FOLDER) && !OF_ALL.test(file)
}
