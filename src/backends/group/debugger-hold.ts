/** Whether somebody holds a worker in a debugger, or it has requests that were held. */
export class DebuggerHold {
  #held = false
  #wasHeld = false

  /** The application stands in a debugger, or goes on. */
  note(held: boolean): void {
    this.#held = held
    if (held) this.#wasHeld = true
  }

  /** `busy`: the worker has requests. */
  isHeld(busy: boolean): boolean {
    if (!this.#held && !busy) this.#wasHeld = false
    return this.#wasHeld
  }
}
