const SERIALS = 0x1_0000

/** The serial number after another one; a frame has two bytes for it. */
export function nextSerial(serial: number): number {
  return (serial + 1) % SERIALS
}

/** Whether a request was prepared for the thread after another one. */
export function isAfter(serial: number, other: number): boolean {
  const distance = (serial - other + SERIALS) % SERIALS
  return distance > 0 && distance < SERIALS / 2
}
