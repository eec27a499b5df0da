/** What the quick start serves: a greeting, a page, a picture and something large enough for ranges. */
import { createHash } from 'node:crypto'

export interface DemoObject {
  readonly key: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** Five slices of the cache. */
const videoBytes = 5 * 1024 * 1024

/** By bucket: one for everybody, and one for those who have a token. */
export function demoObjects(): { readonly demo: readonly DemoObject[]; readonly secret: readonly DemoObject[] } {
  return {
    demo: [
      text('hello.txt', 'text/plain; charset=utf-8', 'Hello from behind the crow with three legs.\n'),
      text('index.html', 'text/html; charset=utf-8', page),
      text('crow.svg', 'image/svg+xml', crow),
      { key: 'video.bin', contentType: 'application/octet-stream', bytes: countedNoise(videoBytes) },
    ],
    secret: [text('letter.txt', 'text/plain; charset=utf-8', 'For your eyes only.\n')],
  }
}

function text(key: string, contentType: string, content: string): DemoObject {
  return { key, contentType, bytes: Buffer.from(content) }
}

/** The same incompressible bytes on every machine: SHA-256 of 0, 1, 2, and so on. */
function countedNoise(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 32) {
    createHash('sha256').update(String(at)).digest().copy(bytes, at)
  }
  return bytes
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Yatagarasu</title>
<style>body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem }</style>
<img src="crow.svg" alt="A crow with three legs" width="160">
<h1>It flies</h1>
<p>This page came from an S3 bucket, through the cache. Reload it and look at the <code>X-Cache</code> header.</p>
<p>Try <a href="hello.txt">hello.txt</a>, or a range of <a href="video.bin">video.bin</a>.</p>
</html>
`

const crow = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" role="img" aria-label="A crow with three legs">
  <circle cx="60" cy="56" r="50" fill="#d9412f"/>
  <g fill="#16161d">
    <path d="M20 74 C30 52 44 40 64 38 C66 28 76 22 86 26 L102 32 L89 36 C89 54 78 70 58 72 C44 74 34 80 20 74 Z"/>
    <path d="M14 62 C30 46 46 46 62 52 C52 62 36 68 14 62 Z"/>
  </g>
  <circle cx="82" cy="31" r="2" fill="#fff"/>
  <g stroke="#16161d" stroke-width="3" stroke-linecap="round" fill="none">
    <path d="M50 72 L44 98 M38 100 L44 98 L50 101"/>
    <path d="M58 72 L58 100 M52 103 L58 100 L64 103"/>
    <path d="M66 69 L72 97 M66 100 L72 97 L78 99"/>
  </g>
</svg>
`
