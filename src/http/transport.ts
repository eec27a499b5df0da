import type { Socket } from 'node:net'

/**
 * The TCP connection under a TLS one; any other socket is its own. node tells which one it is in this place only; the tests
 * of TLS watch that it is there.
 */
export function transportOf(socket: Socket): Socket {
  const { _parent: below } = socket as Socket & { readonly _parent?: Socket | null }
  return below ?? socket
}
