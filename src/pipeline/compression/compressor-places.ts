/** How many responses are compressed piece by piece at the same time: each takes memory for as long as it lasts. */
export class CompressorPlaces {
  #free: number

  constructor(most: number) {
    this.#free = most
  }

  /** False if none is free. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  give(): void {
    this.#free += 1
  }
}
