import { TaipanError } from '../../core/errors.ts'
import type { CgiRequest } from '../../wire/cgi-request/request.ts'
import type { ActiveRequest } from '../doors/active-request.ts'

/** The body of a filter: STDIN, which has the length in CONTENT_LENGTH, and then DATA, the file. */
export class FilterBody {
  /** Of both; undefined if the variables have no FCGI_DATA_LENGTH. */
  readonly length: number | undefined
  #request: ActiveRequest | undefined
  #inputLeft: number

  /** Throws for a length that is none, or is missing. */
  constructor({ variables }: CgiRequest, inputLength: number | undefined) {
    if (inputLength === undefined)
      throw new TaipanError('REQUEST_MALFORMED', 'the input of a filter has no CONTENT_LENGTH')
    const text = variables[variables.indexOf('FCGI_DATA_LENGTH') + 1]
    const isGiven = variables.includes('FCGI_DATA_LENGTH')
    if (isGiven && !/^\d{1,15}$/.test(text ?? ''))
      throw new TaipanError('REQUEST_MALFORMED', 'FCGI_DATA_LENGTH is not a number')
    this.#inputLeft = inputLength
    this.length = isGiven ? inputLength + Number(text) : undefined
  }

  /** Gives what arrives to a request. */
  connect(request: ActiveRequest): void {
    this.#request = request
  }

  /** Takes a piece of STDIN; the empty one is its end. */
  takeInput(bytes: Buffer): void {
    if (bytes.length === 0) {
      if (this.#inputLeft > 0)
        throw new TaipanError('REQUEST_MALFORMED', 'the request body is incomplete')
      return
    }
    const piece = bytes.subarray(0, this.#inputLeft)
    this.#inputLeft -= piece.length
    this.#request?.push(piece)
  }

  /** Takes a piece of DATA; the empty one is its end. */
  takeData(bytes: Buffer): void {
    if (this.#inputLeft > 0)
      throw new TaipanError(
        'REQUEST_MALFORMED',
        'the file of a filter begins before its input ends',
      )
    if (bytes.length === 0) this.#request?.endBody()
    else this.#request?.push(bytes)
  }
}
