/** `GET /admin/config` and `GET /admin/status`. */

import { readQuery } from './arguments.ts'
import { everything, only, page, type Resource } from './call.ts'
import type { AdminPorts } from './ports.ts'

export function overviewResources({ config, status }: Pick<AdminPorts, 'config' | 'status'>): readonly Resource[] {
  const reading = (path: string, name: string, read: () => unknown): Resource => ({
    path,
    expect: everything,
    actions: only('GET', name, async ({ request }) => {
      readQuery(request, [])
      return page(200, await read())
    }),
  })
  return [reading('/admin/config', 'config', config), reading('/admin/status', 'status', status)]
}
