import { stat } from 'node:fs/promises';
import { join, normalize, sep } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { App, AppDeps } from '../deps.ts';
import { Problematic } from '../problems.ts';

const notBuilt = 'The page is not built yet: run `npm run build`. The API is at /docs.\n';

/**
 * The built page. Files under assets/ carry a hash of their content in the name, so a browser may
 * keep them for good; index.html names them, so it must be asked for every time. Any other path is a
 * place within the page.
 */
export function pageRoutes(app: App, { staticDir }: AppDeps): void {
  app.get('/*', { config: { role: 'public' } }, async (request, reply) => {
    const path = new URL(request.url, 'http://page').pathname;
    if (path.startsWith('/api/')) throw notHere(request.method, path);
    const file = relativePath(path);
    if (file !== undefined && (await isFile(join(staticDir, file)))) return sendFile(reply, file);
    // A file that a newer build no longer has must not be answered with a page.
    if (file?.startsWith(`assets${sep}`)) throw notHere(request.method, path);
    if (!(await isFile(join(staticDir, 'index.html')))) {
      return reply.code(503).type('text/plain; charset=utf-8').send(notBuilt);
    }
    return sendFile(reply, 'index.html');
  });

  app.setNotFoundHandler((request) => {
    throw notHere(request.method, new URL(request.url, 'http://page').pathname);
  });
}

function notHere(method: string, path: string): Problematic {
  return new Problematic(404, 'request/not-found', `There is nothing at ${method} ${path}.`);
}

function sendFile(reply: FastifyReply, file: string): FastifyReply {
  const isHashed = file.startsWith(`assets${sep}`);
  reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  return reply.sendFile(file, { cacheControl: false });
}

/** The path below the page's folder, or undefined when it would leave it or names the folder itself. */
function relativePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const file = normalize(decoded).slice(1);
  const isInside = file !== '' && !file.startsWith('..') && !file.includes('\0') && !file.startsWith('.');
  return isInside ? file : undefined;
}

async function isFile(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isFile() ?? false;
}
