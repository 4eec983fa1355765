/**
 * The variables of a request with modifier 30: its PATH_INFO is the whole path, and loses the SCRIPT_NAME that it begins
 * with. `variables` are names and values in turn, and stay as they are.
 */
export function cutScriptName(variables: readonly string[]): readonly string[] {
  const mount = find(variables, 'SCRIPT_NAME').replace(/\/+$/, '')
  const path = find(variables, 'PATH_INFO')
  if (mount === '' || (path !== mount && !path.startsWith(`${mount}/`))) return variables
  return [...variables, 'PATH_INFO', path.slice(mount.length)]
}

/** The later one holds of several. */
function find(variables: readonly string[], name: string): string {
  for (let at = variables.length - 2; at >= 0; at -= 2)
    if (variables[at] === name) return variables[at + 1] ?? ''
  return ''
}
