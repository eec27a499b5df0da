import { validateHeaderName, validateHeaderValue } from 'node:http'
import { fieldValue, isHopByHop } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'
import type { ProxyResponse } from './messages.ts'

/** Fields that many responses begin with: checked and joined once, where node would do it for each response. */
export class FieldBlock {
  readonly list: HeaderList
  readonly isDated: boolean
  #lines: string | undefined

  /** Without Content-Length, which is that of one response. */
  constructor(list: HeaderList) {
    this.list = list
    this.isDated = fieldValue(list, 'date') !== undefined
  }

  /** As HTTP/1.1 sends them, each with its line end. Throws on fields that cannot be sent. */
  get lines(): string {
    this.#lines ??= this.#join()
    return this.#lines
  }

  #join(): string {
    const parts: string[] = []
    for (let i = 0; i < this.list.length; i += 2) {
      const name = this.list[i] ?? ''
      const value = this.list[i + 1] ?? ''
      validateHeaderName(name)
      validateHeaderValue(name, value)
      if (isHopByHop(name.toLowerCase())) continue // node's to say, and it does not look in here
      parts.push(name, ': ', value, '\r\n')
    }
    return parts.join('') // a text of one piece, which is copied faster than one of many
  }
}

/** All fields of a response, as they are sent. */
export function allFields({ block, headers }: Pick<ProxyResponse, 'block' | 'headers'>): HeaderList {
  return block === undefined ? headers : [...block.list, ...headers]
}
