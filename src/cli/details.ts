/** The traceback to show with a message; empty when it has no frames and repeats the message. */
export function selectDetails(traceback: string, message: string): string {
  const details = traceback.trimEnd()
  const isNews = details.includes('\n') || !message.includes(details.replace(/^[\w.]+: /, ''))
  return isNews ? details : ''
}
