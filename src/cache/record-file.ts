/**
 * One record as one file: a header of six little-endian 32-bit words (magic, format, length of the head, length of the body,
 * second after which it is useless, checksum), the MessagePack head, the body. The checksum is over everything else, so that
 * a write the machine tore when it lost power shows: nothing is synced, a cache may lose what it wrote last.
 */

import { crc32 } from 'node:zlib'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { Files } from './files.ts'
import type { HotFile } from './hot-files.ts'
import { bodyOf, type CacheRecord } from './record.ts'
import { checksumOf } from './record-checksum.ts'
import { type DecodedRecord, decodeHead, decodeRecord, encodeHead } from './record-codec.ts'
import type { WarmReads } from './warm-reads.ts'

export const fileFormat = 2
const magic = 0x43455259 // 'YREC'
export const headerBytes = 24
const checksumAt = 20
const noBody = 0xff_ff_ff_ff

export interface RecordLengths {
  readonly headBytes: number
  /** -1: no body. */
  readonly bodyBytes: number
}

export interface FileHeader extends RecordLengths {
  /** Epoch seconds; 0: never. */
  readonly uselessAfterS: number
}

export interface RecordFile extends FileHeader {
  /** To be written one after the other. */
  readonly parts: readonly Uint8Array[]
}

export interface ReadRecord extends DecodedRecord {
  readonly header: FileHeader
}

export function fileBytesOf({ headBytes, bodyBytes }: RecordLengths): number {
  return headerBytes + headBytes + Math.max(0, bodyBytes)
}

/** What a file of this length takes on a disk that gives space in blocks. */
export function allocatedBytes(fileBytes: number, blockBytes: number): number {
  return Math.ceil(fileBytes / blockBytes) * blockBytes
}

export function encodeFile(id: RecordId, record: CacheRecord, uselessAfter: EpochMs | undefined): RecordFile {
  const uselessAfterS = secondsOf(uselessAfter)
  const head = encodeHead(id, record)
  const body = bodyOf(record)
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(magic, 0)
  header.writeUInt32LE(fileFormat, 4)
  header.writeUInt32LE(head.byteLength, 8)
  header.writeUInt32LE(body?.byteLength ?? noBody, 12)
  header.writeUInt32LE(uselessAfterS, 16)
  header.writeUInt32LE(checksumOf(checksumBefore(header, head), body), checksumAt)
  const parts = body === undefined || body.byteLength === 0 ? [header, head] : [header, head, body]
  return { parts, headBytes: head.byteLength, bodyBytes: body?.byteLength ?? -1, uselessAfterS }
}

/** What the header says, unverified. Undefined when it is none, or of another format. */
export function readHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.byteLength < headerBytes) return undefined
  const words = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  if (words.getUint32(0, true) !== magic || words.getUint32(4, true) !== fileFormat) return undefined
  const bodyBytes = words.getUint32(12, true)
  return {
    headBytes: words.getUint32(8, true),
    bodyBytes: bodyBytes === noBody ? -1 : bodyBytes,
    uselessAfterS: words.getUint32(16, true),
  }
}

/**
 * What the head in a file's beginning says, without the record's bytes; unverified but for the file's name, which is the
 * digest of the id: compare them.
 */
export function readHead(beginning: Uint8Array, { headBytes }: FileHeader): DecodedRecord | undefined {
  return decodeHead(beginning.subarray(headerBytes, headerBytes + headBytes))
}

/** In one read of the whole file. Undefined when it is no record with these lengths, or damaged. */
export async function readRecord(
  reads: WarmReads,
  file: HotFile,
  lengths: RecordLengths,
): Promise<ReadRecord | undefined> {
  const parts = new Parts(lengths)
  const read = await reads.read(file, parts.buffers)
  return read === fileBytesOf(lengths) ? decodeParts(parts, file, lengths) : undefined
}

/** The same at once, of a file that is warm. Throws as reading does. `room`: for its body. */
export function readRecordNow(
  reads: WarmReads,
  file: HotFile,
  lengths: RecordLengths,
  room: Uint8Array | undefined,
): ReadRecord | undefined {
  const parts = new Parts(lengths, room)
  return reads.readNow(file, parts.buffers) === fileBytesOf(lengths) ? decodeParts(parts, file, lengths) : undefined
}

/** What a file is read into. */
class Parts {
  readonly beginning: Buffer
  readonly body: Uint8Array | undefined
  readonly buffers: readonly Uint8Array[]

  /** `room`: for the body. */
  constructor({ headBytes, bodyBytes }: RecordLengths, room?: Uint8Array) {
    this.beginning = Buffer.allocUnsafe(headerBytes + headBytes)
    this.body = bodyBytes < 0 ? undefined : (room ?? aloneInItsBuffer(bodyBytes))
    this.buffers = this.body === undefined || bodyBytes === 0 ? [this.beginning] : [this.beginning, this.body]
  }
}

function decodeParts({ beginning, body }: Parts, file: HotFile, lengths: RecordLengths): ReadRecord | undefined {
  // Most often what was read last: the same head then, from which others have worked things out.
  const known = file.known?.beginning.equals(beginning) ? file.known : undefined
  const header = known?.header ?? readHeader(beginning)
  if (header?.headBytes !== lengths.headBytes || header.bodyBytes !== lengths.bodyBytes) return undefined
  const checksum = known?.checksum ?? checksumBefore(beginning, beginning.subarray(headerBytes))
  if (beginning.readUInt32LE(checksumAt) !== checksumOf(checksum, body)) return undefined
  if (known !== undefined) {
    return { header, id: known.id, record: { kind: 'object', head: known.head, ...(body && { body }) } }
  }
  const decoded = decodeRecord(beginning.subarray(headerBytes), body)
  if (decoded === undefined) return undefined
  const { id, record } = decoded
  if (record.kind === 'object') file.known = { beginning, checksum, header, id, head: record.head }
  return { header, id, record }
}

/** By the lengths that the file itself states. */
export async function readUnknownRecord(
  files: Files,
  reads: WarmReads,
  file: HotFile,
): Promise<ReadRecord | undefined> {
  const beginning = Buffer.alloc(headerBytes)
  await files.read(file.fd, [beginning])
  const header = readHeader(beginning)
  if (header === undefined || fileBytesOf(header) !== (await files.size(file.fd))) return undefined
  return readRecord(reads, file, header)
}

/** Of everything but the body and the checksum itself. */
function checksumBefore(header: Uint8Array, head: Uint8Array): number {
  return crc32(head, crc32(header.subarray(0, checksumAt)))
}

/** Not zeroed first: every byte is read over before anybody sees it. */
function aloneInItsBuffer(bytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}

const latestS = 2 ** 32 - 1

function secondsOf(time: EpochMs | undefined): number {
  return time === undefined ? 0 : Math.min(latestS, Math.max(1, Math.ceil(time / 1000)))
}
