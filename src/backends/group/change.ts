/** What has changed, from a message of type `changed`; texts are equal for one version of one application. */
export function describeChange(message: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([message['application'], message['version']])
}
