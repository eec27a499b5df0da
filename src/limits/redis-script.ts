import { type RedisScript, scriptOf } from '../redis/script.ts'
import { roundingMs } from './algorithm.ts'
import type { LimitAlgorithm } from './quota.ts'

/** `token-bucket.ts` and `sliding-window.ts`, which explain what is done here. */
const algorithms: Readonly<Record<LimitAlgorithm, string>> = {
  token_bucket: `
local function turn(count, period)
  count.fresh_at = math.min(math.max(now, count.fresh_at), now + period)
end

local function wait_of(count, limit, period)
  return count.fresh_at - now - (period - period / limit)
end

local function take(count, limit, period)
  count.fresh_at = count.fresh_at + period / limit
end
`,
  sliding_window: `
local function turn(count, period)
  count.fresh_at = math.min(now + 2 * period, count.fresh_at)
  if count.fresh_at <= now then
    count.previous, count.current = 0, 0
  elseif count.fresh_at - period <= now and count.current > 0 then
    count.previous, count.current = count.current, 0
  end
end

local function wait_of(count, limit, period)
  local before, asked = count.previous, count.current
  local ends_at = count.fresh_at - (asked > 0 and period or 0)
  if asked >= limit then return ends_at + period - period * limit / asked - now end
  if before + asked <= limit then return 0 end
  return ends_at - period * (limit - asked) / before - now
end

local function take(count, limit, period)
  if count.fresh_at <= now then
    count.fresh_at = now + 2 * period
  elseif count.current == 0 then
    count.fresh_at = count.fresh_at + period
  end
  count.current = count.current + 1
end
`,
}

/**
 * Charges one request to all KEYS, or to none. ARGV: limit and period of each. Replies with nothing when it may pass, else with
 * the number of the key that waits longest, the milliseconds until it is fresh, and those until it may ask again.
 *
 * The time is the server's, so the clocks of those who ask do not matter. A key lives until it is fresh, and not longer.
 * Numbers are kept with 17 digits, which is what a double needs; Lua by itself writes 14, a tenth of a millisecond.
 */
export function limitScript(algorithm: LimitAlgorithm): RedisScript {
  return scriptOf(`
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
${algorithms[algorithm]}
local function write(key, count)
  local text = string.format('%.17g %d %d', count.fresh_at, count.previous, count.current)
  redis.call('SET', key, text, 'PX', math.max(1, math.ceil(count.fresh_at - now)))
end

local counts, longest, refusal = {}, ${roundingMs}, {}
for i, key in ipairs(KEYS) do
  local limit, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local fresh_at, previous, current = string.match(redis.call('GET', key) or '', '^(%S+) (%d+) (%d+)$')
  local count = {
    limit = limit,
    period = period,
    fresh_at = tonumber(fresh_at) or 0,
    previous = tonumber(previous) or 0,
    current = tonumber(current) or 0,
  }
  local stored_fresh_at = count.fresh_at
  turn(count, period)
  -- The clock was set back: kept at once, else the key would be as far from fresh whenever somebody asks.
  if count.fresh_at < stored_fresh_at then write(key, count) end
  local wait = wait_of(count, limit, period)
  if wait > longest then
    longest = wait
    refusal = { i, math.ceil(count.fresh_at - now), math.ceil(wait) }
  end
  counts[i] = count
end
if #refusal > 0 then return refusal end
for i, key in ipairs(KEYS) do
  local count = counts[i]
  take(count, count.limit, count.period)
  write(key, count)
end
return refusal
`)
}
