/** The file that PATH_INFO would name in a folder (RFC 3875, 4.1.6); undefined if it would be outside. */
export function translatePathInfo(root: string, pathInfo: string): string | undefined {
  if (pathInfo === '' || /\/\.\.(?:\/|$)/.test(pathInfo)) return undefined
  return root.replace(/\/$/, '') + pathInfo
}
