import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';
import { whoAsks } from '../session.ts';

export function liveRoutes(app: App, { live }: AppDeps): void {
  app.route({
    method: 'GET',
    url: '/live',
    config: { role: 'viewer' },
    schema: { hide: true },
    handler: () => {
      throw new Problematic(426, 'request/invalid', 'This is a WebSocket; ask with Upgrade: websocket.');
    },
    wsHandler: (socket, request) => {
      const { exp } = request.user;
      live.join(whoAsks(request).fleet, socket, exp);
    },
  });
}
