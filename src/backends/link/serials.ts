const SERIALS = 0x1_0000

/** The number of the request that is made ready for a thread after another one; it has two bytes in a frame. */
export function nextSerial(serial: number): number {
  return (serial + 1) % SERIALS
}

/** Whether a request was made ready for the thread after another one. */
export function isAfter(serial: number, other: number): boolean {
  const distance = (serial - other + SERIALS) % SERIALS
  return distance > 0 && distance < SERIALS / 2
}
