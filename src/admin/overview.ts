/** `GET /admin/config`, `GET /admin/status` and `POST /admin/reload`. */

import { readQuery } from './arguments.ts'
import { everything, only, page, type Resource } from './call.ts'
import type { AdminPorts } from './ports.ts'

export function overviewResources({
  config,
  status,
  reload,
}: Pick<AdminPorts, 'config' | 'status' | 'reload'>): readonly Resource[] {
  const reading = (path: string, name: string, read: () => unknown): Resource => ({
    path,
    expect: everything,
    actions: only('GET', name, async ({ request }) => {
      readQuery(request, [])
      return page(200, await read())
    }),
  })
  const reloading: Resource = {
    path: '/admin/reload',
    expect: everything,
    actions: only('POST', 'reload', async (call) => {
      readQuery(call.request, [])
      const reply = await reload()
      if (reply.kind === 'refused') return page(400, { problems: reply.problems })
      const { generation, restartRequired } = reply
      call.note({ generation })
      return page(200, { generation, restart_required: restartRequired })
    }),
  }
  return [reading('/admin/config', 'config', config), reading('/admin/status', 'status', status), reloading]
}
