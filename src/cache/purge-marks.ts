import { type EpochMs, type RecordId, unreachable } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import { anyTag, everything, type Scope } from './scope.ts'

/**
 * Scopes and a time for each, found by what they cover in a few look-ups however many there are: one for each colon of
 * the id, each tag, and each length that a prefix has.
 */
export class PurgeMarks {
  #all: EpochMs | undefined
  readonly #buckets = new Map<string, EpochMs>()
  readonly #objects = new Map<string, EpochMs>()
  readonly #prefixes = new Map<string, EpochMs>()
  /** How many prefixes are so long. */
  readonly #lengths = new Map<number, number>()
  readonly #tags = new Map<string, EpochMs>()
  /** By bucket, '' for the tags of every bucket: how many have a time, and none has a later one. */
  readonly #tagged = new Map<string, { count: number; latest: EpochMs }>()

  get isEmpty(): boolean {
    const maps = [this.#buckets, this.#objects, this.#prefixes, this.#tags]
    return this.#all === undefined && maps.every(({ size }) => size === 0)
  }

  /** A scope keeps the latest of its times. */
  set(scope: Scope, at: EpochMs): void {
    switch (scope.kind) {
      case 'all':
        this.#all = later(this.#all, at)
        return
      case 'bucket':
        setLater(this.#buckets, scope.bucket, at)
        return
      case 'object':
        setLater(this.#objects, scope.id, at)
        return
      case 'prefix':
        if (setLater(this.#prefixes, scope.start, at)) this.#countLength(scope.start.length, 1)
        return
      case 'tag':
        this.#setTag(scope.bucket ?? '', scope.tag, at)
        return
      default:
        unreachable(scope)
    }
  }

  /** Unless the scope has a later time. */
  delete(scope: Scope, at: EpochMs): void {
    switch (scope.kind) {
      case 'all':
        if (this.#all === at) this.#all = undefined
        return
      case 'bucket':
        deleteIf(this.#buckets, scope.bucket, at)
        return
      case 'object':
        deleteIf(this.#objects, scope.id, at)
        return
      case 'prefix':
        if (deleteIf(this.#prefixes, scope.start, at)) this.#countLength(scope.start.length, -1)
        return
      case 'tag':
        this.#deleteTag(scope.bucket ?? '', scope.tag, at)
        return
      default:
        unreachable(scope)
    }
  }

  /** Every scope that has a time. */
  get all(): readonly (readonly [Scope, EpochMs])[] {
    const all: (readonly [Scope, EpochMs])[] = this.#all === undefined ? [] : [[everything, this.#all]]
    for (const [bucket, at] of this.#buckets) all.push([{ kind: 'bucket', bucket }, at])
    for (const [id, at] of this.#objects) all.push([{ kind: 'object', id: id as RecordId }, at])
    for (const [start, at] of this.#prefixes) all.push([{ kind: 'prefix', start }, at])
    for (const [key, at] of this.#tags) all.push([tagScopeOf(key), at])
    return all
  }

  /** The times of the scopes that cover the record. Who has `anyTag`, or tags that are not known, carries every tag. */
  timesOf(id: RecordId, tags: readonly string[] | 'unknown'): readonly EpochMs[] {
    const bucket = bucketOf(id)
    const times: (EpochMs | undefined)[] = [this.#all, this.#buckets.get(bucket)]
    if (this.#objects.size > 0) {
      times.push(this.#objects.get(id))
      for (let end = nextColon(id, bucket.length); end !== -1; end = nextColon(id, end)) {
        times.push(this.#objects.get(id.slice(0, end)))
      }
    }
    for (const length of this.#lengths.keys()) {
      if (length <= id.length) times.push(this.#prefixes.get(id.slice(0, length)))
    }
    if (this.#tags.size > 0) times.push(...this.#timesOfTags(bucket, tags))
    return times.filter((at) => at !== undefined)
  }

  #timesOfTags(bucket: string, tags: readonly string[] | 'unknown'): readonly (EpochMs | undefined)[] {
    if (tags === 'unknown' || tags.includes(anyTag)) {
      return [this.#tagged.get(bucket)?.latest, this.#tagged.get('')?.latest]
    }
    return tags.flatMap((tag) => [this.#tags.get(tagKey(bucket, tag)), this.#tags.get(tagKey('', tag))])
  }

  #setTag(bucket: string, tag: string, at: EpochMs): void {
    const isNew = setLater(this.#tags, tagKey(bucket, tag), at)
    const tagged = this.#tagged.get(bucket)
    const count = (tagged?.count ?? 0) + (isNew ? 1 : 0)
    this.#tagged.set(bucket, { count, latest: later(tagged?.latest, at) })
  }

  #deleteTag(bucket: string, tag: string, at: EpochMs): void {
    const tagged = this.#tagged.get(bucket)
    if (tagged === undefined || !deleteIf(this.#tags, tagKey(bucket, tag), at)) return
    tagged.count -= 1
    if (tagged.count === 0) this.#tagged.delete(bucket)
  }

  #countLength(length: number, more: 1 | -1): void {
    const count = (this.#lengths.get(length) ?? 0) + more
    if (count === 0) this.#lengths.delete(length)
    else this.#lengths.set(length, count)
  }
}

function nextColon(id: RecordId, from: number): number {
  return id.indexOf(':', from + 1)
}

function tagKey(bucket: string, tag: string): string {
  return `${bucket}\n${tag}`
}

function tagScopeOf(key: string): Scope {
  const end = key.indexOf('\n')
  const [bucket, tag] = [key.slice(0, end), key.slice(end + 1)]
  return bucket === '' ? { kind: 'tag', tag } : { kind: 'tag', bucket, tag }
}

function later(one: EpochMs | undefined, other: EpochMs): EpochMs {
  return one !== undefined && one > other ? one : other
}

/** True: the key had no time yet. */
function setLater(times: Map<string, EpochMs>, key: string, at: EpochMs): boolean {
  const before = times.get(key)
  times.set(key, later(before, at))
  return before === undefined
}

function deleteIf(times: Map<string, EpochMs>, key: string, at: EpochMs): boolean {
  return times.get(key) === at && times.delete(key)
}
